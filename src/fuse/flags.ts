/** Numbers of linux/fuse.h that are flags; the messages are in messages.ts. */

export const ROOT_ID = 1;
export const MAJOR = 7;
/** What we know of the protocol, and the oldest we speak (Linux 5.4). */
export const MINOR = 38;
export const OLDEST = 31;

/** INIT. */
export const ASYNC_READ = 1 << 0;
export const ATOMIC_O_TRUNC = 1 << 3;
export const BIG_WRITES = 1 << 5;
export const AUTO_INVAL_DATA = 1 << 12;
export const DO_READDIRPLUS = 1 << 13;
export const READDIRPLUS_AUTO = 1 << 14;
export const PARALLEL_DIROPS = 1 << 18;
export const MAX_PAGES = 1 << 22;
/** Whoever keeps the file takes set-uid and set-gid away at a write, truncate or chown: the host kind does, nobody else has any. */
export const HANDLE_KILLPRIV_V2 = 1 << 28;

/** OPEN and CREATE, in the reply. */
export const FOPEN_DIRECT_IO = 1 << 0;
export const FOPEN_NONSEEKABLE = 1 << 2;
export const FOPEN_STREAM = 1 << 4;
export const FOPEN_NOFLUSH = 1 << 5;

/** SETATTR. */
export const FATTR_MODE = 1 << 0;
export const FATTR_UID = 1 << 1;
export const FATTR_GID = 1 << 2;
export const FATTR_SIZE = 1 << 3;
export const FATTR_ATIME = 1 << 4;
export const FATTR_MTIME = 1 << 5;
export const FATTR_FH = 1 << 6;
export const FATTR_ATIME_NOW = 1 << 7;
export const FATTR_MTIME_NOW = 1 << 8;

export const GETATTR_FH = 1 << 0;
export const FSYNC_FDATASYNC = 1 << 0;
export const POLL_SCHEDULE_NOTIFY = 1 << 0;

/** Notifications: the code stands where a reply has its error. */
export const NOTIFY_POLL = 1;
export const NOTIFY_INVAL_INODE = 2;
export const NOTIFY_INVAL_ENTRY = 3;
export const NOTIFY_DELETE = 6;
