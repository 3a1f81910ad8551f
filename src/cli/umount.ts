import { spawn } from 'node:child_process';
import { place, TYPE } from '../fuse/mount.ts';
import { mountAt } from '../fuse/mountinfo.ts';
import { Errno } from '../kernel/errno.ts';
import type { Run } from './command.ts';

/** Characters of the system program's complaint that are kept. */
const MAX_SAID = 1000;

/** Started in `/`, so that nobody stands in the mount because of us. */
const ended = (program: string, args: readonly string[]): Promise<{ code: number | null; said: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, MAX_SAID)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said: said.trim() }));
  });

/**
 * Unmounts politely: EBUSY while somebody works in it. Whoever serves the mount sees it and ends. Only what weft mounted
 * is taken away; a mistyped directory must not cost somebody else's mount.
 */
export const run: Run = async ([path]) => {
  const directory = await place(path!);
  const linux = process.platform === 'linux';
  if (linux && (await mountAt(directory))?.type !== TYPE)
    throw new Errno('EINVAL', 'weft has mounted nothing there', { path: path! });
  const helped = linux && process.getuid!() !== 0;
  const { code, said } = await (helped ? ended('fusermount3', ['-u', '--', directory]) : ended('umount', [directory]));
  if (code === 0) return 0;
  throw /busy/i.test(said) ? new Errno('EBUSY', undefined, { path: path! }) : new Errno('EIO', said, { path: path! });
};
