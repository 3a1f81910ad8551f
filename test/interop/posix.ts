import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { host } from '../../src/files/host.ts';
import { linux } from '../../src/fuse/linux.ts';
import { operator } from '../../src/kernel/subject.ts';
import { sessionOn } from '../support/nodes.ts';

/**
 * A host directory behind a mount, under pjdfstest (a POSIX suite of 238 scripts). Needs root, /dev/fuse, prove, and
 * PJDFSTEST: the directory it was built in. Arguments name parts of its `tests`; none means all. `docs/posix.md` says
 * what is expected. WEFT_POSIX_DIRECT runs the same on the disk itself, to compare.
 */
const suite = process.env['PJDFSTEST'];

const run = async (): Promise<number> => {
  if (suite === undefined || !existsSync(join(suite, 'pjdfstest'))) {
    console.error('posix: PJDFSTEST names no directory with a pjdfstest that is built');
    return 2;
  }
  if (process.getuid?.() !== 0) {
    console.error('posix: the suite takes other identities, which root alone can');
    return 2;
  }
  const base = mkdtempSync(join(tmpdir(), 'weft-posix-'));
  chmodSync(base, 0o755);
  const work = join(base, 'work');
  const dir = join(base, 'mount');
  mkdirSync(work);
  mkdirSync(dir);
  const root = host(work);
  const { session, changes } = await sessionOn(root, { maxFids: Infinity });
  const log: string[] = [];
  const mounted = await linux.mount({
    dir,
    source: 'weft-posix',
    session,
    changes,
    allowOther: true,
    others: operator,
    // The one thing a server is not asked is whether a FIFO may be opened.
    defaultPermissions: true,
    log: (text, cause) => void log.push(`${text} ${String(cause)}`),
  });
  try {
    const parts = process.argv.slice(2);
    const paths = (parts.length > 0 ? parts : ['.']).map((part) => resolve(suite, 'tests', part));
    const cwd = process.env['WEFT_POSIX_DIRECT'] === undefined ? dir : work;
    // Not spawned in the mount: whoever serves it must not touch it.
    const child = spawn('/bin/sh', ['-c', 'cd "$0" && exec prove -r "$@"', cwd, ...paths], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) if (!line.endsWith('.. ok')) console.log(line);
    const [code] = child.exitCode === null ? ((await once(child, 'close')) as [number]) : [child.exitCode];
    for (const line of log) console.log(`log: ${line}`);
    console.log('known to the kernel at the end:', mounted.known);
    return code + (log.length > 0 ? 1 : 0);
  } finally {
    await mounted.unmount();
    root.close();
    rmSync(base, { recursive: true, force: true });
  }
};

process.exitCode = await run();
