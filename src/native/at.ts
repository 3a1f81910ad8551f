import { existsSync } from 'node:fs';
import { Errno } from '../kernel/errno.ts';
import { lone, nameBytes } from '../kernel/name.ts';
import { loadNative } from './libc.ts';

/**
 * The calls that name a file by a directory's descriptor and one name, which is how a directory is served without
 * following anything. As in `libc.ts` a negative result is minus errno. All of them answer on this thread, in
 * microseconds on a local disk.
 */
export interface At {
  readonly openat: (dir: number, name: string, flags: number, mode: number) => number;
  /** statx(2) into `stat`. An empty name with AT_EMPTY_PATH is the descriptor itself. */
  readonly statx: (dir: number, name: string, flags: number) => number;
  /** Of the last `statx`: struct statx as 32-bit words. */
  readonly stat: Uint32Array;
  readonly mkdirat: (dir: number, name: string, mode: number) => number;
  readonly mknodat: (dir: number, name: string, mode: number, device: number) => number;
  readonly symlinkat: (target: string, dir: number, name: string) => number;
  readonly linkat: (dir: number, name: string, toDir: number, newName: string, flags: number) => number;
  readonly renameat2: (dir: number, name: string, toDir: number, newName: string, flags: number) => number;
  readonly unlinkat: (dir: number, name: string, flags: number) => number;
  readonly readlinkat: (dir: number, name: string, into: Uint8Array) => number;
  readonly fchmodat: (dir: number, name: string, mode: number) => number;
  /** -1 leaves the owner or the group as it is. */
  readonly fchownat: (dir: number, name: string, uid: number, gid: number, flags: number) => number;
  /** Seconds and nanoseconds of atime, then of mtime. */
  readonly utimensat: (dir: number, name: string, times: BigInt64Array, flags: number) => number;
  /** By the file-system identity of this thread, not by the real uid. */
  readonly faccessat: (dir: number, name: string, mask: number) => number;
  readonly truncate: (path: string, size: number) => number;
  readonly ftruncate: (fd: number, size: number) => number;
  readonly fallocate: (fd: number, mode: number, offset: number, length: number) => number;
  readonly lseek: (fd: number, offset: number, whence: number) => number;
  readonly copyFileRange: (fd: number, offset: number, to: number, toOffset: number, length: number) => number;
  /** preadv2(2) with RWF_NOWAIT: -EAGAIN where it would wait for the disk, -ENOTSUP where the file system cannot tell. */
  readonly preadNow: (fd: number, into: Uint8Array, count: number, offset: number) => number;
  readonly pwrite: (fd: number, data: Uint8Array, count: number, offset: number) => number;
  /** struct statfs of a 64-bit system into `into` (15 words of 8 bytes). */
  readonly fstatfs: (fd: number, into: BigUint64Array) => number;
  readonly getdents: (fd: number, into: Uint8Array) => number;
  readonly close: (fd: number) => number;
  /** Extended attributes of a path; those with `l` do not follow its last component. */
  readonly getxattr: (path: string, name: string, into: Uint8Array) => number;
  readonly lgetxattr: (path: string, name: string, into: Uint8Array) => number;
  readonly setxattr: (path: string, name: string, value: Uint8Array, flags: number) => number;
  readonly lsetxattr: (path: string, name: string, value: Uint8Array, flags: number) => number;
  readonly listxattr: (path: string, into: Uint8Array) => number;
  readonly llistxattr: (path: string, into: Uint8Array) => number;
  readonly removexattr: (path: string, name: string) => number;
  readonly lremovexattr: (path: string, name: string) => number;
  /** Of this thread alone, unlike the C library's setgroups. The first answers the old value and never fails. */
  readonly setfsuid: (uid: number) => number;
  readonly setfsgid: (gid: number) => number;
  readonly setgroups: (groups: Uint32Array) => number;
}

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
const AT_EACCESS = 0x200;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;
export const NOBODY = 0xffffffff;
const RWF_NOWAIT = 8;
const STATX_BASIC_AND_BIRTH = 0xfff;

/** Numbers of calls the C library lacks or wraps for all threads: renameat2, setgroups; faccessat2 is the same everywhere. */
const numbers: Partial<Record<string, readonly [number, number]>> = { x64: [316, 116], arm64: [276, 159] };
const FACCESSAT2 = 439;

let table: At | undefined;

/** Throws ENOTSUP where there are no such calls. */
export const at = (): At => (table ??= load());

/**
 * A name as the C library takes it. Names are bytes to Linux; those that are no UTF-8 stand in our strings as lone
 * surrogates U+DC80 to U+DCFF, one for each byte that is in no valid sequence (as Python's surrogateescape has it).
 */
const raw = (name: string): string | Uint8Array => (lone.test(name) ? Buffer.concat([nameBytes(name), nul]) : name);
const nul = Buffer.alloc(1);

type Word = number | string | Uint8Array | BigInt64Array | BigUint64Array | Uint32Array | bigint | null;
type Native = (...of: Word[]) => number;

const load = (): At => {
  const { library, errno, address } = loadNative();
  const number = numbers[process.arch];
  if (!number) throw new Errno('ENOTSUP', `no system call numbers for ${process.arch}`);
  if (!existsSync('/proc/self/fd')) throw new Errno('ENOTSUP', 'no /proc is mounted');
  const [RENAMEAT2, SETGROUPS] = number;
  const native = (definition: string): Native => library.func(definition) as Native;
  const result = (n: number): number => (n < 0 ? -errno() : n);
  // The calls are hot: fixed parameters, because a rest array costs as much as a call.
  const two = (definition: string) => {
    const call = native(definition);
    return (a: Word, b: Word): number => {
      const n = call(a, b);
      return n < 0 ? -errno() : n;
    };
  };
  const three = (definition: string) => {
    const call = native(definition);
    return (a: Word, b: Word, c: Word): number => {
      const n = call(a, b, c);
      return n < 0 ? -errno() : n;
    };
  };
  const four = (definition: string) => {
    const call = native(definition);
    return (a: Word, b: Word, c: Word, d: Word): number => {
      const n = call(a, b, c, d);
      return n < 0 ? -errno() : n;
    };
  };
  const six = (definition: string) => {
    const call = native(definition);
    return (a: Word, b: Word, c: Word, d: Word, e: Word, f: Word): number => {
      const n = call(a, b, c, d, e, f);
      return n < 0 ? -errno() : n;
    };
  };

  const openat = four('int openat(int, const char *, int, uint32_t)');
  const statx = native('int statx(int, const char *, int, uint32_t, void *)');
  const mkdirat = three('int mkdirat(int, const char *, uint32_t)');
  const mknodat = four('int mknodat(int, const char *, uint32_t, uint64_t)');
  const symlinkat = three('int symlinkat(const char *, int, const char *)');
  const linkat = native('int linkat(int, const char *, int, const char *, int)');
  const renameat2 = six('long syscall(long, long, const char *, long, const char *, unsigned long)');
  const unlinkat = three('int unlinkat(int, const char *, int)');
  const readlinkat = four('long readlinkat(int, const char *, void *, size_t)');
  const fchmodat = four('int fchmodat(int, const char *, uint32_t, int)');
  const fchownat = native('int fchownat(int, const char *, uint32_t, uint32_t, int)');
  const utimensat = four('int utimensat(int, const char *, void *, int)');
  const faccessat2 = native('long syscall(long, long, const char *, long, long)');
  const truncate = two('int truncate(const char *, int64_t)');
  const ftruncate = two('int ftruncate(int, int64_t)');
  const fallocate = four('int fallocate(int, int, int64_t, int64_t)');
  const lseek = three('int64_t lseek(int, int64_t, int)');
  const copyFileRange = six('long copy_file_range(int, void *, int, void *, size_t, unsigned int)');
  const preadv2 = native('long preadv2(int, void *, int, int64_t, int)');
  const pwrite = four('long pwrite(int, void *, size_t, int64_t)');
  const fstatfs = two('int fstatfs(int, void *)');
  const getdents = three('long getdents64(int, void *, size_t)');
  const closefd = native('int close(int)');
  const attributes = (prefix: 'l' | '') => {
    const get = four(`long ${prefix}getxattr(const char *, const char *, void *, size_t)`);
    const set = native(`int ${prefix}setxattr(const char *, const char *, void *, size_t, int)`);
    const list = three(`long ${prefix}listxattr(const char *, void *, size_t)`);
    const remove = two(`int ${prefix}removexattr(const char *, const char *)`);
    return {
      get: (path: string, name: string, buffer: Uint8Array) => get(raw(path), name, buffer, buffer.length),
      set: (path: string, name: string, value: Uint8Array, flags: number) =>
        result(set(raw(path), name, value, value.length, flags)),
      list: (path: string, buffer: Uint8Array) => list(raw(path), buffer, buffer.length),
      remove: (path: string, name: string) => remove(raw(path), name),
    };
  };
  const { get: getxattr, set: setxattr, list: listxattr, remove: removexattr } = attributes('');
  const { get: lgetxattr, set: lsetxattr, list: llistxattr, remove: lremovexattr } = attributes('l');
  const setfsuid = native('int setfsuid(uint32_t)');
  const setfsgid = native('int setfsgid(uint32_t)');
  const setgroups = three('long syscall(long, size_t, void *)');

  const stat = new Uint32Array(64);
  const vector = new BigUint64Array(2);
  const from = new BigInt64Array(1);
  const into = new BigInt64Array(1);

  return {
    stat,
    openat: (dir, name, flags, mode) => openat(dir, raw(name), flags, mode),
    statx: (dir, name, flags) => result(statx(dir, raw(name), flags, STATX_BASIC_AND_BIRTH, stat)),
    mkdirat: (dir, name, mode) => mkdirat(dir, raw(name), mode),
    mknodat: (dir, name, mode, device) => mknodat(dir, raw(name), mode, device),
    symlinkat: (target, dir, name) => symlinkat(raw(target), dir, raw(name)),
    linkat: (dir, name, to, newName, flags) => result(linkat(dir, raw(name), to, raw(newName), flags)),
    renameat2: (dir, name, to, newName, flags) => renameat2(RENAMEAT2, dir, raw(name), to, raw(newName), flags),
    unlinkat: (dir, name, flags) => unlinkat(dir, raw(name), flags),
    readlinkat: (dir, name, buffer) => readlinkat(dir, raw(name), buffer, buffer.length),
    fchmodat: (dir, name, mode) => fchmodat(dir, name, mode, 0),
    fchownat: (dir, name, uid, gid, flags) => result(fchownat(dir, name, uid >>> 0, gid >>> 0, flags)),
    utimensat: (dir, name, times, flags) => utimensat(dir, name, times, flags),
    faccessat: (dir, name, mask) => result(faccessat2(FACCESSAT2, dir, name, mask, AT_EACCESS | AT_EMPTY_PATH)),
    truncate: (path, size) => truncate(path, size),
    ftruncate: (fd, size) => ftruncate(fd, size),
    fallocate: (fd, mode, offset, length) => fallocate(fd, mode, offset, length),
    lseek: (fd, offset, whence) => lseek(fd, offset, whence),
    copyFileRange(fd, offset, to, toOffset, length) {
      from[0] = BigInt(offset);
      into[0] = BigInt(toOffset);
      return copyFileRange(fd, from, to, into, length, 0);
    },
    preadNow(fd, buffer, count, offset) {
      if (count > buffer.length) throw new RangeError('read past the end of the buffer');
      vector[0] = address(buffer);
      vector[1] = BigInt(count);
      return result(preadv2(fd, vector, 1, offset, RWF_NOWAIT));
    },
    pwrite(fd, data, count, offset) {
      if (count > data.length) throw new RangeError('write past the end of the buffer');
      return pwrite(fd, data, count, offset);
    },
    fstatfs: (fd, words) => fstatfs(fd, words),
    getdents: (fd, buffer) => getdents(fd, buffer, buffer.length),
    close: (fd) => result(closefd(fd)),
    getxattr,
    setxattr,
    listxattr,
    removexattr,
    lgetxattr,
    lsetxattr,
    llistxattr,
    lremovexattr,
    setfsuid: (uid) => setfsuid(uid),
    setfsgid: (gid) => setfsgid(gid),
    setgroups: (groups) => setgroups(SETGROUPS, groups.length, groups),
  };
};
