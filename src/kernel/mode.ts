/** File type bits (inode(7)) and open flags (Linux, asm-generic/fcntl.h): both FUSE and 9P2000.L carry these numbers. */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;

/** access(2) masks. */
export const R_OK = 4;
export const W_OK = 2;
export const X_OK = 1;

export const isDirectory = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR;
export const isLink = (mode: number): boolean => (mode & S_IFMT) === S_IFLNK;
export const reads = (flags: number): boolean => (flags & O_ACCMODE) !== O_WRONLY;
export const writes = (flags: number): boolean => (flags & O_ACCMODE) !== O_RDONLY;
