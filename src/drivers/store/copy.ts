import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Errno } from '../../kernel/errno.ts';
import { holder, inUse, LevelStore } from './level.ts';

/**
 * A private copy of a LevelDB that nobody has open, for as long as it is used: opening one rewrites it, and what it could not
 * read is gone then. EBUSY while another process has the database; `signal` ends the copying (EINTR).
 */
export const withCopy = async <T>(
  directory: string,
  signal: AbortSignal,
  use: (copy: string) => Promise<T>,
): Promise<T> => {
  const from = resolve(directory);
  const base = await mkdtemp(`${from}.verify-`); // 0700; beside it, where there can be hard links, and room as a rule
  try {
    const copy = join(base, 'db');
    await mkdir(copy);
    await locked(from, join(base, 'guard'), () => copyAll(from, copy, signal));
    return await use(copy);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
};

/**
 * Node cannot lock a file, LevelDB can: an empty database whose LOCK is a link to that one holds it (fcntl(2) locks belong
 * to the file). One that no process ever opened has no LOCK; then none may have come meanwhile.
 */
const locked = async (directory: string, guard: string, work: () => Promise<void>): Promise<void> => {
  const lock = join(directory, 'LOCK');
  if (!existsSync(lock)) {
    await work();
    if (existsSync(lock)) throw await inUse(directory);
    return;
  }
  // A process does not shut itself out, and closing the guard would take its lock away.
  if ((await holder(lock)) === process.pid) throw await inUse(directory);
  await mkdir(guard);
  await symlink(lock, join(guard, 'LOCK'));
  const held = await LevelStore.open(guard, directory);
  try {
    await work();
  } finally {
    await held.close();
  }
};

/** LevelDB makes these anew. LOCK must not even be opened here: closing it would give the lock up. */
const left = new Set(['LOCK', 'LOG', 'LOG.old']);

const copyAll = async (from: string, to: string, signal: AbortSignal): Promise<void> => {
  const first = await firstNew(from);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (signal.aborted) throw new Errno('EINTR', 'the copying was interrupted');
    if (left.has(entry.name) || !(entry.isFile() || entry.isSymbolicLink())) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const number = /^(\d+)\.(?:ldb|sst)$/.exec(entry.name)?.[1];
    const kept = entry.isFile() && number !== undefined && Number(number) < first;
    if (!(kept && (await linked(source, target)))) await copyFile(source, target, constants.COPYFILE_FICLONE);
  }
};

/**
 * A table is never changed, but one a crash left behind is written over when its number comes again. Numbers up to that of
 * the manifest in use do not (`VersionSet::Recover`): only such tables may be shared with the copy.
 */
const firstNew = async (directory: string): Promise<number> => {
  try {
    return Number(/^MANIFEST-(\d+)\n$/.exec(await readFile(join(directory, 'CURRENT'), 'latin1'))?.[1] ?? 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw Errno.ofSystem(error);
  }
};

/** false where the file system or the owner does not allow it. */
const linked = async (source: string, target: string): Promise<boolean> => {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) return false;
    throw error;
  }
};
