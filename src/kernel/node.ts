import type { Access } from './subject.ts';
import type { Errno } from './errno.ts';
import type { Request } from './request.ts';

export type Awaitable<T> = T | Promise<T>;

/** stat(2), in the units the wires use. Times are nanoseconds since the epoch. */
export interface Attributes {
  /** Inode number and 9P qid.path: a safe integer, allocated once a node (`qid.ts`), never a hash of a name. */
  readonly qid: number;
  /** 9P qid.version: changes whenever the content does. */
  readonly version: number;
  /** Type and permission bits. */
  readonly mode: number;
  readonly size: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly blocks: number;
  readonly blksize: number;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
}

/** A change that was refused or failed: the line that `error` keeps, because an errno carries no reason. */
export interface Failure {
  /** Below the directory that hears it: whoever tried may have come another way. */
  readonly path: string;
  readonly op: string;
  readonly error: Errno;
}

/** What setattr may change. A time is nanoseconds, or `now`. */
export interface Changed {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: number;
  atime?: bigint | 'now';
  mtime?: bigint | 'now';
}

/** One line of a listing. `mode` carries the type bits. */
export interface Entry {
  readonly name: string;
  readonly qid: number;
  readonly mode: number;
}

/** statvfs(3); blocks are in units of bsize. */
export interface Space {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly namelen: number;
}

export type Node = Dir | File | Link;

interface Common {
  /**
   * Present and true: the node's attributes and its entry may be cached without limit, because every change of them is
   * announced on `Changes`. Absent: nothing is cached. A cache that could show something stale is a defect.
   */
  readonly cached?: boolean;
  /** True for the `host` kind: the node itself decides permission by the host's rules, and calls that are refused by default on synthetic files reach it. */
  readonly host?: boolean;
  /** Turns true when what the node stands for is gone for good (a removed agent): every fid below answers ESTALE. */
  readonly gone?: boolean;
  stat(request: Request): Awaitable<Attributes>;
  /** Absent: chmod, chown to the same owner and utimes succeed and do nothing (editors and cp do them), the rest is EPERM. */
  setattr?(changed: Changed, request: Request): Awaitable<void>;
  /** access(2) by the host's rules (the host kind). Absent: mode and tier decide. EACCES. */
  permit?(mask: number, request: Request): Awaitable<void>;
  /** Extended attributes; absent: ENOTSUP. */
  getxattr?(name: string, request: Request): Awaitable<Uint8Array>;
  setxattr?(name: string, value: Uint8Array, flags: number, request: Request): Awaitable<void>;
  listxattr?(request: Request): Awaitable<string[]>;
  removexattr?(name: string, request: Request): Awaitable<void>;
  /** Called when the last fid of any session that names this node is gone; a place to give back descriptors. */
  forget?(): void;
}

/**
 * A directory. The session has checked names (no '/', no NUL, 1 to 255 bytes, not '.' or '..'), rights and that no
 * file is where a directory must be. What is absent is EPERM.
 */
export interface Dir extends Common {
  readonly kind: 'dir';
  /** What each tier may do with an entry: the column of the directory's table. Absent or undefined: as with this directory. */
  access?(name: string): Access | undefined;
  /** Hears of every refused or failed change below, unless a directory nearer to it does; this is what `error` shows. */
  refused?(failure: Failure): void;
  /** The node under a name, listed or not; undefined is ENOENT. The same entry gives the same object while it exists. */
  lookup(name: string, request: Request): Awaitable<Node | undefined>;
  /** Every listed entry, in the order that teaches, without '.' and '..'. Taken once an opendir. */
  list(request: Request): Awaitable<Iterable<Entry>>;
  /** A new file, opened. `flags` are open(2)'s; EEXIST is decided by the session where the name exists and O_EXCL is set. */
  create?(name: string, flags: number, mode: number, request: Request): Awaitable<{ node: File; handle: Handle }>;
  mkdir?(name: string, mode: number, request: Request): Awaitable<Dir>;
  /** unlink(2), or rmdir(2) where `directory`. */
  remove?(name: string, directory: boolean, request: Request): Awaitable<void>;
  /** rename(2) into `to`, which may be this directory; flags are renameat2's. */
  rename?(name: string, to: Dir, newName: string, flags: number, request: Request): Awaitable<void>;
  link?(node: Node, name: string, request: Request): Awaitable<void>;
  symlink?(name: string, target: string, request: Request): Awaitable<Node>;
  mknod?(name: string, mode: number, rdev: number, request: Request): Awaitable<Node>;
  /** Absent: the session answers with fixed, honest figures of a synthetic file system. */
  statfs?(request: Request): Awaitable<Space>;
  /** fsync of a directory; absent: nothing to do. */
  sync?(request: Request): Awaitable<void>;
}

export interface File extends Common {
  readonly kind: 'file';
  /**
   * How an open descriptor behaves. `direct` (default): read and write reach the handle, nothing is cached.
   * `stream`: not seekable, offsets mean nothing; reads may block. `paged`: the kernel may use its page cache while
   * the descriptor is open (the host kind: mmap must work).
   */
  readonly style?: 'direct' | 'stream' | 'paged';
  /** Must not block and, without O_TRUNC, must not change anything. `flags` are open(2)'s. */
  open(flags: number, request: Request): Awaitable<Handle>;
}

export interface Link extends Common {
  readonly kind: 'link';
  /** The text of the link; the host kind reads it each time. */
  target(request: Request): Awaitable<string>;
}

/** poll(2) events, as bits. */
export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLHUP = 16;

/**
 * One open of one file. The session calls read only where the open was for reading and write only where it was for
 * writing; offsets and counts are checked. Absent members: EPERM, and for stage, publish and close nothing to do.
 */
export interface Handle {
  /** At most `count` bytes; empty is the end. May block until `request.signal` aborts, and must then reject soon. */
  read?(offset: number, count: number, request: Request): Awaitable<Uint8Array>;
  /** Never waits for more than one store commit. `data` is valid during the call only: copy what is kept. Returns bytes taken. */
  write?(offset: number, data: Uint8Array, request: Request): Awaitable<number>;
  /** ftruncate, or a truncate by path meant for this descriptor. */
  truncate?(size: number, request: Request): Awaitable<void>;
  /** Validate and make durable: at every flush and fsync. Its error is what close(2) and fsync(2) show. May come many times. */
  stage?(request: Request): Awaitable<void>;
  /** Act, once: at the last close. It has nobody to tell of a failure but the log and `error`. */
  publish?(request: Request): Awaitable<void>;
  /** What the handle was opened on may not be used any more: what was staged must not act. Comes instead of publish. */
  discard?(): Awaitable<void>;
  /** After publish; gives back what the handle holds. Must not throw. */
  close?(): void;
  /** poll(2): which events hold now. `wake` is called once when that changes; absent: the handle is always ready. */
  poll?(wake: (() => void) | undefined): number;
  /** The host kind. `sync` is fsync/fdatasync; `seek` is SEEK_DATA and SEEK_HOLE; `stat` is fstat. */
  sync?(dataOnly: boolean, request: Request): Awaitable<void>;
  stat?(request: Request): Awaitable<Attributes>;
  setattr?(changed: Changed, request: Request): Awaitable<void>;
  allocate?(offset: number, length: number, mode: number, request: Request): Awaitable<void>;
  seek?(offset: number, whence: number, request: Request): Awaitable<number>;
  copy?(offset: number, to: Handle, toOffset: number, length: number, request: Request): Awaitable<number>;
}
