import { attributes, bytes, i32, i64, list, pad, rest, struct, text, u16, u32, u64, type Field } from './wire.ts';

/**
 * One row a message: its number, the fields of the request and of the reply in wire order (linux/fuse.h). Types, both
 * directions and the tests come from it; what has no row is answered ENOSYS. A reply is a struct; `raw`, the bytes the
 * handler gives; `empty`, a header alone; `none`, no reply at all.
 */
interface Message<I, R> {
  readonly number: number;
  readonly request: Field<I>;
  readonly reply: R;
}

const message = <I, R>(number: number, request: Field<I>, reply: R): Message<I, R> => ({ number, request, reply });
const empty = <I>(number: number, request: Field<I>): Message<I, 'empty'> => ({ number, request, reply: 'empty' });
const none = <I>(number: number, request: Field<I>): Message<I, 'none'> => ({ number, request, reply: 'none' });
const raw = <I>(number: number, request: Field<I>): Message<I, 'raw'> => ({ number, request, reply: 'raw' });

export const requestHeader = struct({
  len: u32,
  opcode: u32,
  unique: u64,
  nodeid: u64,
  uid: u32,
  gid: u32,
  pid: u32,
  total_extlen: u16,
  padding: pad(2),
});

export const replyHeader = struct({ len: u32, error: i32, unique: u64 });

const nothing = struct({});
const named = struct({ name: text });

export const entryOut = struct({
  nodeid: u64,
  generation: u64,
  entry_valid: u64,
  attr_valid: u64,
  entry_valid_nsec: u32,
  attr_valid_nsec: u32,
  attr: attributes,
});
export const attrOut = struct({ attr_valid: u64, attr_valid_nsec: u32, dummy: pad(4), attr: attributes });
export const openOut = struct({ fh: u64, open_flags: u32, padding: pad(4) });
export const dirent = struct({ ino: u64, off: u64, namelen: u32, type: u32 });
export const sizeOut = struct({ size: u32, padding: pad(4) });

const openIn = struct({ flags: u32, open_flags: u32 });
const readIn = struct({
  fh: u64,
  offset: u64,
  size: u32,
  read_flags: u32,
  lock_owner: pad(8),
  flags: u32,
  padding: pad(4),
});
const releaseIn = struct({ fh: u64, flags: u32, release_flags: u32, lock_owner: pad(8) });
const fsyncIn = struct({ fh: u64, fsync_flags: u32, padding: pad(4) });
const forgetOne = struct({ nodeid: u64, nlookup: u64 });

export const messages = {
  LOOKUP: message(1, named, entryOut),
  FORGET: none(2, struct({ nlookup: u64 })),
  GETATTR: message(3, struct({ getattr_flags: u32, dummy: pad(4), fh: u64 }), attrOut),
  SETATTR: message(
    4,
    struct({
      valid: u32,
      padding: pad(4),
      fh: u64,
      size: u64,
      lock_owner: pad(8),
      atime: i64,
      mtime: i64,
      ctime: i64,
      atimensec: u32,
      mtimensec: u32,
      ctimensec: u32,
      mode: u32,
      unused4: pad(4),
      uid: u32,
      gid: u32,
      unused5: pad(4),
    }),
    attrOut,
  ),
  READLINK: raw(5, nothing),
  SYMLINK: message(6, struct({ name: text, target: text }), entryOut),
  MKNOD: message(8, struct({ mode: u32, rdev: u32, umask: u32, padding: pad(4), name: text }), entryOut),
  MKDIR: message(9, struct({ mode: u32, umask: u32, name: text }), entryOut),
  UNLINK: empty(10, named),
  RMDIR: empty(11, named),
  RENAME: empty(12, struct({ newdir: u64, name: text, newName: text })),
  LINK: message(13, struct({ oldnodeid: u64, name: text }), entryOut),
  OPEN: message(14, openIn, openOut),
  READ: raw(15, readIn),
  WRITE: message(
    16,
    struct({
      fh: u64,
      offset: u64,
      size: u32,
      write_flags: u32,
      lock_owner: pad(8),
      flags: u32,
      padding: pad(4),
      data: bytes('size'),
    }),
    sizeOut,
  ),
  STATFS: message(
    17,
    nothing,
    struct({
      blocks: u64,
      bfree: u64,
      bavail: u64,
      files: u64,
      ffree: u64,
      bsize: u32,
      namelen: u32,
      frsize: u32,
      padding: pad(28),
    }),
  ),
  RELEASE: empty(18, releaseIn),
  FSYNC: empty(20, fsyncIn),
  SETXATTR: empty(21, struct({ size: u32, flags: u32, name: text, value: bytes('size') })),
  GETXATTR: raw(22, struct({ size: u32, padding: pad(4), name: text })),
  LISTXATTR: raw(23, struct({ size: u32, padding: pad(4) })),
  REMOVEXATTR: empty(24, named),
  FLUSH: empty(25, struct({ fh: u64, unused: pad(8), lock_owner: pad(8) })),
  INIT: message(
    26,
    struct({ major: u32, minor: u32, max_readahead: u32, flags: u32, rest }),
    struct({
      major: u32,
      minor: u32,
      max_readahead: u32,
      flags: u32,
      max_background: u16,
      congestion_threshold: u16,
      max_write: u32,
      time_gran: u32,
      max_pages: u16,
      map_alignment: u16,
      flags2: u32,
      unused: pad(28),
    }),
  ),
  OPENDIR: message(27, openIn, openOut),
  READDIR: raw(28, readIn),
  RELEASEDIR: empty(29, releaseIn),
  FSYNCDIR: empty(30, fsyncIn),
  ACCESS: empty(34, struct({ mask: u32, padding: pad(4) })),
  CREATE: message(
    35,
    struct({ flags: u32, mode: u32, umask: u32, open_flags: u32, name: text }),
    struct({ entry: entryOut, open: openOut }),
  ),
  INTERRUPT: none(36, struct({ unique: u64 })),
  DESTROY: empty(38, nothing),
  POLL: message(40, struct({ fh: u64, kh: u64, flags: u32, events: u32 }), struct({ revents: u32, padding: pad(4) })),
  BATCH_FORGET: none(42, struct({ count: u32, dummy: pad(4), forgets: list(forgetOne, 'count') })),
  FALLOCATE: empty(43, struct({ fh: u64, offset: u64, length: u64, mode: u32, padding: pad(4) })),
  READDIRPLUS: raw(44, readIn),
  RENAME2: empty(45, struct({ newdir: u64, flags: u32, padding: pad(4), name: text, newName: text })),
  LSEEK: message(46, struct({ fh: u64, offset: u64, whence: u32, padding: pad(4) }), struct({ offset: u64 })),
  COPY_FILE_RANGE: message(
    47,
    struct({ fh_in: u64, off_in: u64, nodeid_out: u64, fh_out: u64, off_out: u64, len: u64, flags: pad(8) }),
    sizeOut,
  ),
} as const;

export type Op = keyof typeof messages;
type Reply<O extends Op> = (typeof messages)[O]['reply'];
type Nothing = ReturnType<() => void>;
/** What the kernel asks. */
export type Body<O extends Op> = (typeof messages)[O]['request'] extends Field<infer I> ? I : never;
/** What has to be answered; another operation's answer does not compile. */
export type Answer<O extends Op> = Reply<O> extends Field<infer R> ? R : Reply<O> extends 'raw' ? Uint8Array : Nothing;

/** What we tell the kernel on our own: the code, then this. A name and its NUL follow where there is one. */
export const notices = {
  poll: struct({ kh: u64 }),
  invalInode: struct({ ino: u64, off: i64, len: i64 }),
  invalEntry: struct({ parent: u64, namelen: u32, flags: u32 }),
  delete: struct({ parent: u64, child: u64, namelen: u32, padding: pad(4) }),
} as const;
