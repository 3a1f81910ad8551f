import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Errno } from '../../kernel/errno.ts';
import { preload } from '../../native/libc.ts';

/** Ends an operation: 0 or minus errno, for read and write the number of bytes, and what was asked for. */
export type Done<T extends unknown[] = []> = (status: number, ...values: T) => void;

export interface NativeStat {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  nlink: number;
  ino: number;
  rdev: number;
  blksize: number;
  blocks: number;
  /** Milliseconds, whole. */
  atime: number;
  mtime: number;
  ctime: number;
}

export interface NativeSpace {
  bsize: number;
  frsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
  favail: number;
  namemax: number;
}

/** What the package calls, all by path from the mount's root; `fd` is what open or create gave, 32 bits. */
export interface NativeOperations {
  getattr(path: string, done: Done<[NativeStat?]>): void;
  fgetattr(path: string, fd: number, done: Done<[NativeStat?]>): void;
  access(path: string, mask: number, done: Done): void;
  statfs(path: string, done: Done<[NativeSpace?]>): void;
  opendir(path: string, flags: number, done: Done<[number?]>): void;
  readdir(path: string, done: Done<[string[]?, NativeStat[]?]>): void;
  releasedir(path: string, fd: number, done: Done): void;
  open(path: string, flags: number, done: Done<[number?]>): void;
  create(path: string, mode: number, done: Done<[number?]>): void;
  read(path: string, fd: number, to: Buffer, length: number, offset: number, done: Done): void;
  write(path: string, fd: number, data: Buffer, length: number, offset: number, done: Done): void;
  truncate(path: string, size: number, done: Done): void;
  ftruncate(path: string, fd: number, size: number, done: Done): void;
  flush(path: string, fd: number, done: Done): void;
  fsync(path: string, dataOnly: number, fd: number, done: Done): void;
  fsyncdir(path: string, dataOnly: number, fd: number, done: Done): void;
  release(path: string, fd: number, done: Done): void;
  /** Milliseconds. */
  utimens(path: string, atime: number, mtime: number, done: Done): void;
  chmod(path: string, mode: number, done: Done): void;
  chown(path: string, uid: number, gid: number, done: Done): void;
  readlink(path: string, done: Done<[string?]>): void;
  mknod(path: string, mode: number, rdev: number, done: Done): void;
  mkdir(path: string, mode: number, done: Done): void;
  unlink(path: string, done: Done): void;
  rmdir(path: string, done: Done): void;
  rename(path: string, newPath: string, done: Done): void;
  link(path: string, newPath: string, done: Done): void;
  symlink(target: string, path: string, done: Done): void;
  setxattr(path: string, name: string, value: Buffer, position: number, flags: number, done: Done): void;
  getxattr(path: string, name: string, position: number, done: Done<[Buffer?]>): void;
  listxattr(path: string, done: Done<[string[]?]>): void;
  removexattr(path: string, name: string, done: Done): void;
}

export interface NativeMount {
  mount(done: (error: Error | null) => void): void;
  unmount(done: (error: Error | null) => void): void;
}

export interface FuseNative {
  new (dir: string, operations: Partial<NativeOperations>, options: Record<string, unknown>): NativeMount;
  /** Runs the command that unmounts a directory; every mount's `unmount` begins with it. */
  unmount(dir: string, done: (error: Error | null) => void): void;
}

/**
 * The optional package fuse-native. Its addon wants libfuse 2 by name; where the system has none, the copy inside the
 * package is loaded first. ENOTSUP, with what to do about it, where that does not help either.
 */
export const loadFuseNative = (): FuseNative => {
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    folder = dirname(require.resolve('fuse-native/package.json'));
  } catch (cause) {
    throw new Errno('ENOTSUP', 'the package fuse-native is not installed: npm install fuse-native', { cause });
  }
  try {
    return require('fuse-native') as FuseNative;
  } catch (cause) {
    if (process.platform !== 'linux') {
      throw new Errno('ENOTSUP', 'fuse-native does not load: install macFUSE (https://macfuse.io)', { cause });
    }
  }
  try {
    preload(join(folder, 'prebuilds', `linux-${process.arch}`, 'libfuse.so'));
    return require('fuse-native') as FuseNative;
  } catch (cause) {
    throw new Errno('ENOTSUP', 'fuse-native does not load: on Debian, apt-get install libfuse2', { cause });
  }
};
