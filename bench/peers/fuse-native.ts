import { loadFuseNative, type Done, type NativeStat } from '../../src/fuse/native/load.ts';

/**
 * The peer in JavaScript: a file that takes every write, by the npm package fuse-native (libfuse 2.9). Direct I/O and
 * timeouts of 0 go in through the name option, which is passed on unescaped. Argument: the directory to mount on.
 */
const Fuse = loadFuseNative();

const ENOENT = -2;
const now = Date.now();
const common = { mtime: now, atime: now, ctime: now, uid: 0, gid: 0, ino: 0, rdev: 0, blksize: 4096, blocks: 1 };
const root = { ...common, mode: 0o40755, size: 0, nlink: 2 };
const noop = { ...common, mode: 0o100644, size: 8, nlink: 1 };
const eight = Buffer.from('01234567');

const getattr = (path: string, done: Done<[NativeStat?]>): void => {
  if (path === '/noop') done(0, noop);
  else if (path === '/') done(0, root);
  else done(ENOENT);
};

const fuse = new Fuse(
  process.argv[2]!,
  {
    getattr,
    fgetattr: (path, _fd, done) => getattr(path, done),
    open: (_path, _flags, done) => done(0, 7),
    truncate: (_path, _size, done) => done(0),
    read: (_path, _fd, to, length, _offset, done) => done(eight.copy(to, 0, 0, length)),
    write: (_path, _fd, _data, length, _offset, done) => done(length),
    release: (_path, _fd, done) => done(0),
  },
  { fsname: 'noop,direct_io,entry_timeout=0,attr_timeout=0,negative_timeout=0', timeout: false },
);

fuse.mount((error) => {
  if (error) throw error;
  const end = (): void => fuse.unmount(() => process.exit());
  process.on('SIGTERM', end);
  process.on('disconnect', end);
  process.send?.('ready');
});
