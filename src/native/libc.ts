import { createRequire } from 'node:module';
import type { LibraryHandle } from 'koffi';
import { Errno } from '../kernel/errno.ts';

/**
 * The system calls Node does not offer. This is the only file that imports koffi, and it does so when first asked:
 * without koffi, or on another system, weft runs without what needs it.
 *
 * Every call returns what the system call returned or, where that is negative, minus errno: the hot ones cannot afford
 * an exception for EAGAIN. `checked` makes an Errno of it where one is wanted.
 */
export interface Libc {
  /** mount(2). */
  readonly mount: (source: string, target: string, type: string, flags: number, data: string) => number;
  /** umount2(2) in the thread pool: MNT_FORCE, MNT_DETACH. The file system may ask its server, who must not wait here. */
  readonly umountLater: (target: string, flags: number) => Promise<number>;
  /** syncfs(2) in the thread pool: all of the file system the descriptor lies on. */
  readonly syncfsLater: (fd: number) => Promise<number>;
  /** fcntl(2): sets O_NONBLOCK, and close-on-exec. */
  readonly setNonBlocking: (fd: number) => number;
  /** read(2) into the first `count` bytes of the buffer. */
  readonly read: (fd: number, buffer: Uint8Array, count: number) => number;
  /** write(2) of the first `count` bytes of the buffer. */
  readonly write: (fd: number, buffer: Uint8Array, count: number) => number;
  /** poll(2) of one descriptor on this thread; returns the events that hold, 0 after `timeout` ms. */
  readonly poll: (fd: number, events: number, timeout: number) => number;
  /** poll(2) of one descriptor in the thread pool, where it holds a thread until it returns. */
  readonly pollLater: (fd: number, events: number, timeout: number) => Promise<number>;
  /** socketpair(2) of AF_UNIX, close-on-exec. */
  readonly socketpair: (type: number) => readonly [number, number];
  /** recvmsg(2) without waiting: the one descriptor that came with the message by SCM_RIGHTS, close-on-exec. */
  readonly receiveDescriptor: (socket: number) => number;
}

export const MNT_FORCE = 1;
export const MNT_DETACH = 2;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const AF_UNIX = 1;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

let loaded: Promise<Libc> | undefined;

/** errno is the thread's own; koffi carries it over to the callback of a call in the pool. Throws ENOTSUP where koffi does not load or the system is not Linux. */
export const libc = (): Promise<Libc> => (loaded ??= load());

/** A negative result as the Errno it is; `of` says what the call was about, and is asked for its path only then. */
export const checked = (result: number, op: string, of?: string | { readonly path: string }): number => {
  if (result >= 0) return result;
  throw Errno.answer(-result, op, typeof of === 'object' ? of.path : of);
};

/** The C library itself, for the tables of calls beside this file. Loading it takes some milliseconds, once. */
export interface Native {
  readonly library: LibraryHandle;
  readonly errno: () => number;
  readonly address: (of: Uint8Array) => bigint;
}

let native: Native | undefined;

/** Throws ENOTSUP where koffi does not load or the system is not Linux. */
export const loadNative = (): Native => {
  if (native) return native;
  if (process.platform !== 'linux') throw new Errno('ENOTSUP', `no system calls for ${process.platform}`);
  const koffi = loadKoffi();
  native = { library: koffi.load(null), errno: koffi.errno, address: koffi.address };
  return native;
};

const loadKoffi = (): typeof import('koffi').default => {
  try {
    return createRequire(import.meta.url)('koffi') as ReturnType<typeof loadKoffi>;
  } catch (cause) {
    throw new Errno('ENOTSUP', 'koffi does not load on this machine', { cause });
  }
};

/**
 * Loads a shared library for good, so that an addon linked against its name finds it although it lies nowhere the
 * dynamic linker looks. ENOTSUP where it does not load.
 */
export const preload = (path: string): void => {
  try {
    loadKoffi().load(path);
  } catch (cause) {
    throw cause instanceof Errno ? cause : new Errno('ENOTSUP', `${path} does not load`, { cause });
  }
};

const load = async (): Promise<Libc> => {
  const { library, errno, address } = loadNative();
  return { ...files(library, errno), ...mounts(library, errno), ...sockets(library, errno, address) };
};

type LastError = () => number;

const files = (
  library: LibraryHandle,
  errno: LastError,
): Pick<Libc, 'read' | 'write' | 'poll' | 'pollLater' | 'setNonBlocking'> => {
  const read = library.func('long read(int, void *, size_t)') as (fd: number, to: Uint8Array, count: number) => number;
  const write = library.func('long write(int, void *, size_t)') as typeof read;
  const poll = library.func('int poll(void *, unsigned long, int)');
  const fcntl = library.func('int fcntl(int, int, ...)');
  const now = poll as unknown as (set: Buffer, count: number, timeout: number) => number;

  // struct pollfd: int fd, short events, short revents.
  const pollfd = (fd: number, events: number): Buffer => {
    const set = Buffer.alloc(8);
    set.writeInt32LE(fd, 0);
    set.writeInt16LE(events, 4);
    return set;
  };

  return {
    read(fd, buffer, count) {
      if (count > buffer.length) throw new RangeError('read past the end of the buffer');
      const n = read(fd, buffer, count);
      return n < 0 ? -errno() : n;
    },
    write(fd, buffer, count) {
      if (count > buffer.length) throw new RangeError('write past the end of the buffer');
      const n = write(fd, buffer, count);
      return n < 0 ? -errno() : n;
    },
    setNonBlocking(fd) {
      const flags = fcntl(fd, F_GETFL) as number;
      if (flags < 0 || (fcntl(fd, F_SETFL, 'int', flags | O_NONBLOCK) as number) < 0) return -errno();
      const n = fcntl(fd, F_SETFD, 'int', FD_CLOEXEC) as number;
      return n < 0 ? -errno() : n;
    },
    poll(fd, events, timeout) {
      const set = pollfd(fd, events);
      const n = now(set, 1, timeout);
      return n < 0 ? -errno() : set.readUInt16LE(6);
    },
    pollLater(fd, events, timeout) {
      const set = pollfd(fd, events);
      return new Promise((resolve, reject) => {
        poll.async(set, 1, timeout, (failure: Error | null, n: number) => {
          if (failure) reject(failure);
          else resolve(n < 0 ? -errno() : set.readUInt16LE(6));
        });
      });
    },
  };
};

const mounts = (library: LibraryHandle, errno: LastError): Pick<Libc, 'mount' | 'umountLater' | 'syncfsLater'> => {
  const mount = library.func('int mount(const char *, const char *, const char *, unsigned long, const char *)');
  const umount2 = library.func('int umount2(const char *, int)');
  const syncfs = library.func('int syncfs(int)');
  return {
    mount(source, target, type, flags, data) {
      const n = mount(source, target, type, flags, data) as number;
      return n < 0 ? -errno() : n;
    },
    umountLater: (target, flags) =>
      new Promise((resolve, reject) => {
        umount2.async(target, flags, (failure: Error | null, n: number) => {
          if (failure) reject(failure);
          else resolve(n < 0 ? -errno() : n);
        });
      }),
    syncfsLater: (fd) =>
      new Promise((resolve, reject) => {
        syncfs.async(fd, (failure: Error | null, n: number) => {
          if (failure) reject(failure);
          else resolve(n < 0 ? -errno() : n);
        });
      }),
  };
};

const sockets = (
  library: LibraryHandle,
  errno: LastError,
  address: (of: Buffer) => bigint,
): Pick<Libc, 'socketpair' | 'receiveDescriptor'> => {
  const socketpair = library.func('int socketpair(int, int, int, void *)');
  const recvmsg = library.func('long recvmsg(int, void *, int)');
  return {
    socketpair(type) {
      const pair = Buffer.alloc(8);
      if ((socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) as number) < 0) checked(-errno(), 'socketpair');
      return [pair.readInt32LE(0), pair.readInt32LE(4)];
    },
    receiveDescriptor(socket) {
      // struct msghdr (64-bit): name, namelen, iov, iovlen, control, controllen, flags. One byte of data, one cmsg.
      const data = Buffer.alloc(16);
      const iov = Buffer.alloc(16);
      iov.writeBigUInt64LE(address(data), 0);
      iov.writeBigUInt64LE(16n, 8);
      const control = Buffer.alloc(64);
      const message = Buffer.alloc(56);
      message.writeBigUInt64LE(address(iov), 16);
      message.writeBigUInt64LE(1n, 24);
      message.writeBigUInt64LE(address(control), 32);
      message.writeBigUInt64LE(BigInt(control.length), 40);
      if ((recvmsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) as number) < 0) return -errno();
      // struct cmsghdr: size_t len, int level, int type, then the descriptors.
      const length = Number(message.readBigUInt64LE(40));
      if (length < 20 || control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) return -71;
      return control.readInt32LE(16);
    },
  };
};
