import { built } from '../support/program.ts';
import { Ends, Report } from '../support/report.ts';
import { served } from '../support/served.ts';
import { diod } from './diod.ts';
import { plan9port } from './plan9port.ts';
import { v9fs } from './v9fs/run.ts';

/**
 * Clients that others wrote: diod's, plan9port's (PLAN9 or the path), Linux's own in virtual machines. What is not
 * installed is skipped by name. Arguments name parts: `diod`, `plan9port`, `v9fs`; none means all.
 */
const parts = { diod, plan9port, v9fs };
const named = process.argv.slice(2);

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
