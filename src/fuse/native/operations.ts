import { Errno } from '../../kernel/errno.ts';
import { O_DIRECTORY, O_RDONLY, O_RDWR, S_IFMT, S_IFREG } from '../../kernel/mode.ts';
import type { Attributes, Changed, Entry, Space } from '../../kernel/node.ts';
import type { Done, NativeOperations, NativeSpace, NativeStat } from './load.ts';
import { linuxFlags } from './numbers.ts';
import type { Tree } from './tree.ts';

const MILLISECOND = 1_000_000n;
const UNCHANGED = 0xffff_ffff;
const clamp = (value: number): number => Math.min(value, UNCHANGED);

const statOf = (attributes: Attributes): NativeStat => ({
  mode: attributes.mode,
  uid: attributes.uid,
  gid: attributes.gid,
  size: attributes.size,
  nlink: attributes.nlink,
  // libfuse numbers the nodes itself.
  ino: 0,
  rdev: attributes.rdev,
  blksize: attributes.blksize,
  blocks: attributes.blocks,
  atime: Number(attributes.atime / MILLISECOND),
  mtime: Number(attributes.mtime / MILLISECOND),
  ctime: Number(attributes.ctime / MILLISECOND),
});

/** Only the type of a line is used. */
const lineOf = ({ mode }: Entry): NativeStat => ({
  ...{ mode, uid: 0, gid: 0, size: 0, nlink: 1, ino: 0, rdev: 0, blksize: 0, blocks: 0, atime: 0, mtime: 0, ctime: 0 },
});

const spaceOf = ({ bsize, blocks, bfree, bavail, files, ffree, namelen }: Space): NativeSpace => ({
  bsize,
  frsize: bsize,
  blocks: clamp(blocks),
  bfree: clamp(bfree),
  bavail: clamp(bavail),
  files: clamp(files),
  ffree: clamp(ffree),
  favail: clamp(ffree),
  namemax: namelen,
});

/**
 * libfuse's high-level operations as verbs of the session. Extended attributes are left out: the package would answer
 * more bytes than the caller has room for.
 */
export const operations = (tree: Tree): Partial<NativeOperations> => {
  const { session } = tree;

  const set = (op: string, path: string, changed: Changed, done: Done, open?: number): void =>
    tree.call(
      op,
      async (request) => {
        await tree.settled();
        await tree.at(path, request, (fid) => session.setattr(fid, changed, request, open));
      },
      done,
    );

  const getattr = (path: string, done: Done<[NativeStat?]>): void =>
    tree.call(
      'getattr',
      async (request) => {
        await tree.settled();
        return statOf(await tree.at(path, request, (fid) => session.stat(fid, request)));
      },
      done,
    );

  return {
    getattr,
    // Called for its existence only: the package asks getattr.
    fgetattr: (path, _fd, done) => getattr(path, done),

    access: (path, mask, done) =>
      tree.call('access', (request) => tree.at(path, request, (fid) => session.access(fid, mask, request)), done),

    statfs: (path, done) =>
      tree.call(
        'statfs',
        async (request) => spaceOf(await tree.at(path, request, (fid) => session.statfs(fid, request))),
        done,
      ),

    readdir: (path, done) =>
      tree.call(
        'readdir',
        async (request) => {
          await tree.settled();
          return tree.at(path, request, async (fid) => {
            await session.open(fid, O_RDONLY | O_DIRECTORY, request);
            return session.entries(fid, true, request);
          });
        },
        (status, entries) =>
          entries
            ? done(
                status,
                entries.map(({ name }) => name),
                entries.map(lineOf),
              )
            : done(status),
      ),

    open: (path, flags, done) =>
      tree.call(
        'open',
        async (request) => {
          await tree.settled();
          return tree.opened(path, request, (fid) => session.open(fid, linuxFlags(flags), request));
        },
        done,
      ),

    // The flags of the open that creates are not passed on; the kernel itself checks what is done on the descriptor.
    create: (path, mode, done) =>
      tree.call(
        'create',
        async (request) => {
          await tree.settled();
          const slash = path.lastIndexOf('/');
          return tree.opened(path.slice(0, slash), request, (fid) =>
            session.create(fid, path.slice(slash + 1), O_RDWR, mode & ~S_IFMT, request),
          );
        },
        done,
      ),

    read: (_path, fd, to, length, offset, done) =>
      tree.call(
        'read',
        async (request) => {
          const bytes = await session.read(fd, offset, length, request);
          if (bytes.length > length)
            throw new Errno('EIO', `${bytes.length} bytes read where ${length} were asked for`);
          to.set(bytes);
          return bytes.length;
        },
        (status, count) => done(count ?? status),
      ),

    write: (_path, fd, data, length, offset, done) =>
      tree.call(
        'write',
        async (request) => {
          const count = await session.write(fd, offset, data.subarray(0, length), request);
          tree.wrote(fd);
          return count;
        },
        (status, count) => done(count ?? status),
      ),

    truncate: (path, size, done) => set('truncate', path, { size }, done),
    ftruncate: (_path, fd, size, done) =>
      tree.call('ftruncate', async (request) => session.setattr(fd, { size }, request, fd), done),
    chmod: (path, mode, done) => set('chmod', path, { mode: mode & ~S_IFMT }, done),
    chown: (path, uid, gid, done) =>
      set('chown', path, { ...(uid === UNCHANGED ? {} : { uid }), ...(gid === UNCHANGED ? {} : { gid }) }, done),
    utimens: (path, atime, mtime, done) =>
      set('utimens', path, { atime: BigInt(atime) * MILLISECOND, mtime: BigInt(mtime) * MILLISECOND }, done),

    flush: (_path, fd, done) =>
      tree.call(
        'flush',
        async (request) => {
          await session.flush(fd, request);
          tree.flushed(fd);
        },
        done,
      ),
    fsync: (_path, dataOnly, fd, done) =>
      tree.call('fsync', async (request) => session.fsync(fd, dataOnly !== 0, request), done),
    release: (_path, fd, done) => tree.call('release', (request) => tree.release(fd, request), done),

    readlink: (path, done) =>
      tree.call('readlink', (request) => tree.at(path, request, (fid) => session.readlink(fid, request)), done),

    mknod: (path, mode, rdev, done) =>
      tree.call(
        'mknod',
        async (request) => {
          await tree.settled();
          const bits = mode & ~S_IFMT;
          if ((mode & S_IFMT) === S_IFREG) {
            await tree.in(path, request, (fid, name) => session.create(fid, name, O_RDWR, bits, request));
          } else await tree.in(path, request, (fid, name) => session.mknod(fid, name, mode, rdev, request));
        },
        done,
      ),
    mkdir: (path, mode, done) =>
      tree.call(
        'mkdir',
        async (request) => {
          await tree.in(path, request, (fid, name) => session.mkdir(fid, name, mode & ~S_IFMT, request));
        },
        done,
      ),
    symlink: (target, path, done) =>
      tree.call(
        'symlink',
        async (request) => {
          await tree.in(path, request, (fid, name) => session.symlink(fid, name, target, request));
        },
        done,
      ),
    link: (path, newPath, done) =>
      tree.call(
        'link',
        (request) =>
          tree.at(path, request, (target) =>
            tree.in(newPath, request, (fid, name) => session.link(fid, name, target, request)),
          ),
        done,
      ),
    unlink: (path, done) =>
      tree.call(
        'unlink',
        async (request) => {
          await tree.settled();
          await tree.in(path, request, (fid, name) => session.unlink(fid, name, false, request));
        },
        done,
      ),
    rmdir: (path, done) =>
      tree.call(
        'rmdir',
        async (request) => {
          await tree.settled();
          await tree.in(path, request, (fid, name) => session.unlink(fid, name, true, request));
        },
        done,
      ),
    rename: (path, newPath, done) =>
      tree.call(
        'rename',
        async (request) => {
          await tree.settled();
          await tree.in(path, request, (from, name) =>
            tree.in(newPath, request, (to, newName) => session.rename(from, name, to, newName, 0, request)),
          );
        },
        done,
      ),
  };
};
