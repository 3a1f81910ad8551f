import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { built } from '../support/program.ts';
import { Ends, must, Report } from '../support/report.ts';
import { served } from '../support/served.ts';
import { diod } from './diod.ts';
import { plan9port } from './plan9port.ts';
import { v9fs } from './v9fs/run.ts';

/**
 * Clients that others wrote: diod's, plan9port's (PLAN9 or the path), Linux's own in virtual machines. What is not
 * installed is skipped by name. Arguments name parts: `diod`, `plan9port`, `v9fs`, `posix`; none means all.
 */
const named = process.argv.slice(2);

const posix = async (report: Report): Promise<void> => {
  if (process.env['PJDFSTEST'] === undefined || process.getuid?.() !== 0) {
    report.skip('posix', 'set PJDFSTEST to a built pjdfstest, and be root');
    return;
  }
  await report.check('posix: pjdfstest in a host directory', async () => {
    const root = join(import.meta.dirname, '..', '..');
    const child = spawn(process.execPath, ['--import=tsx', join(import.meta.dirname, 'posix.ts')], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(child, 'close')) as [number];
    must(code === 0, `ended with ${code}`);
    return undefined;
  });
};

const parts = { diod, plan9port, v9fs, posix };

const report = new Report();
const ends = new Ends();
await built();
try {
  const { port } = await served(ends, { mount: false, tcp: true });
  for (const [name, run] of Object.entries(parts)) {
    if (named.length === 0 || named.includes(name)) await run(report, port);
  }
} finally {
  await ends.run();
}
process.exitCode = report.close();
