import { spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import type { Listed, Stat } from './client.ts';

/**
 * The other side of `process-client.ts`: a process that does with node:fs/promises what it is told over IPC, because the
 * one that serves a mount must never touch it.
 */
const files = new Map<number, fs.FileHandle>();
let last = 0;

const at = (file: number): fs.FileHandle => files.get(file)!;

/** node:fs truncates a path by opening it; truncate(2) itself is asked of python3. Throws an error with its code. */
const truncate = (path: string, size: number): void => {
  const script = `import os,sys,errno
try: os.truncate(sys.argv[1], int(sys.argv[2]))
except OSError as e: sys.stdout.write(errno.errorcode[e.errno])`;
  const { stdout, error, status } = spawnSync('python3', ['-c', script, path, String(size)], { encoding: 'utf8' });
  if (error ?? status !== 0) throw error ?? new Error('python3 failed');
  if (stdout !== '') throw Object.assign(new Error(`${stdout}: truncate '${path}'`), { code: stdout });
};

const operations = {
  open: async (path: string, flags: number): Promise<number> => {
    const handle = await fs.open(path, flags, 0o644);
    files.set(++last, handle);
    return last;
  },
  read: async (file: number, count: number): Promise<Buffer> => {
    const { bytesRead, buffer } = await at(file).read(Buffer.alloc(count), 0, count, null);
    return buffer.subarray(0, bytesRead);
  },
  write: async (file: number, data: Uint8Array): Promise<number> =>
    (await at(file).write(data, 0, data.length, null)).bytesWritten,
  ftruncate: (file: number, size: number) => at(file).truncate(size),
  fsync: (file: number) => at(file).sync(),
  close: async (file: number): Promise<void> => {
    const handle = at(file);
    files.delete(file);
    await handle.close();
  },
  stat: async (path: string): Promise<Stat> => {
    const { ino, mode, size, uid, gid, mtimeMs } = await fs.lstat(path);
    return { ino, mode, size, uid, gid, mtimeMs };
  },
  // opendir: readdir of node:fs sorts.
  list: async (path: string): Promise<Listed[]> => {
    const listed: Listed[] = [];
    for await (const entry of await fs.opendir(path)) {
      const kind = entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'file';
      listed.push({ name: entry.name, kind });
    }
    return listed;
  },
  mkdir: (path: string) => fs.mkdir(path),
  rmdir: (path: string) => fs.rmdir(path),
  unlink: (path: string) => fs.unlink(path),
  rename: (path: string, to: string) => fs.rename(path, to),
  truncate: async (path: string, size: number): Promise<void> => truncate(path, size),
  chmod: (path: string, mode: number) => fs.chmod(path, mode),
  chown: (path: string, uid: number, gid: number) => fs.lchown(path, uid, gid),
  utimes: (path: string, atime: number, mtime: number) => fs.utimes(path, atime, mtime),
  readlink: (path: string) => fs.readlink(path),
  symlink: (target: string, path: string) => fs.symlink(target, path),
  link: (path: string, to: string) => fs.link(path, to),
};

export type Operations = typeof operations;
export type Operation = keyof Operations;
export interface Asked {
  readonly id: number;
  readonly operation: Operation;
  readonly given: readonly unknown[];
}
export type Answered = { readonly id: number } & (
  { readonly result: unknown } | { readonly error: { code: string | undefined; message: string } }
);

const run = async ({ id, operation, given }: Asked): Promise<Answered> => {
  try {
    const act = operations[operation] as (...given: readonly unknown[]) => unknown;
    return { id, result: await act(...given) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { id, error: { code, message } };
  }
};

process.on('message', (asked: Asked) => void run(asked).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit());
