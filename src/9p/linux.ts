import { Errno } from '../kernel/errno.ts';
import { S_IFMT } from '../kernel/mode.ts';
import { soon } from '../kernel/soon.ts';
import { PERMISSIONS, changedOf, getattrOf } from './attributes.ts';
import { dialectLinux } from './codec.ts';
import { REPLY_HEAD, clunk, opened, qidOf, qidType, read, remove, walk, write } from './common.ts';
import { makedev } from './device.ts';
import { direntSize } from './dirent.ts';
import type { Dirent } from './dirent.ts';
import { AT_REMOVEDIR } from './fields.ts';
import { service } from './service.ts';
import { safe } from './wire.ts';

/** V9FS_MAGIC of linux/magic.h: what statfs(2) shows behind a 9P mount anyway. */
const FSTYPE = 0x01021997;
/** Rlock's P9_LOCK_SUCCESS; F_UNLCK: nobody holds a lock that would be in the way. */
const LOCK_SUCCESS = 0;
const F_UNLCK = 2;
/** XATTR_SIZE_MAX of linux/limits.h. */
const XATTR_MAX = 65536;

/** 9P2000.L, what Linux's own client and diod's tools speak. */
export const linuxService = service(dialectLinux, {
  links: true,
  attached: (qid) => ({ type: 'Rattach', qid }),
  error: (error) => ({ type: 'Rlerror', ecode: error.number }),
  handlers: {
    Twalk: walk,
    Tread: read,
    Twrite: write,
    Tclunk: clunk,
    Tremove: remove,

    Tstatfs: ({ fid }, session, request) =>
      soon(session.statfs(fid, request), (space) => ({ type: 'Rstatfs', fstype: FSTYPE, fsid: 0, ...space })),

    Tlopen: ({ fid, flags }, session, request, talk) =>
      soon(session.open(fid, flags, request), (result) => {
        opened(fid, result, talk);
        return { type: 'Rlopen', qid: qidOf(result.attributes), iounit: 0 };
      }),

    Tlcreate: ({ fid, name, flags, mode }, session, request, talk) =>
      soon(session.create(fid, name, flags, mode & PERMISSIONS, request), (result) => {
        opened(fid, result, talk);
        return { type: 'Rlcreate', qid: qidOf(result.attributes), iounit: 0 };
      }),

    Tsymlink: ({ fid, name, symtgt }, session, request) =>
      soon(session.symlink(fid, name, symtgt, request), (made) => ({ type: 'Rsymlink', qid: qidOf(made) })),

    Tmknod: ({ dfid, name, mode, major, minor }, session, request) =>
      soon(session.mknod(dfid, name, mode, makedev(major, minor), request), (made) => ({
        type: 'Rmknod',
        qid: qidOf(made),
      })),

    Trename: ({ fid, dfid, name }, session, request, talk) => {
      talk.together(session, dfid);
      return soon(session.renameFid(fid, dfid, name, request), () => ({ type: 'Rrename' }));
    },

    Treadlink: ({ fid }, session, request) =>
      soon(session.readlink(fid, request), (target) => ({ type: 'Rreadlink', target })),

    Tgetattr: ({ fid }, session, request) =>
      soon(session.stat(fid, request), (attributes) => getattrOf(attributes, qidOf(attributes))),

    Tsetattr: (message, session, request) =>
      soon(session.setattr(message.fid, changedOf(message), request), () => ({ type: 'Rsetattr' })),

    Txattrwalk: ({ fid, newfid, name }, session, request, talk) => {
      if (newfid === fid) throw new Errno('EINVAL', 'the value needs a fid of its own');
      talk.free(newfid);
      const found =
        name === ''
          ? soon(session.listxattr(fid, request), (names) => Buffer.from(names.map((one) => `${one}\0`).join('')))
          : session.getxattr(fid, name, request);
      return soon(found, (value) =>
        soon(session.walk(fid, newfid, [], request), () => {
          talk.states.set(newfid, { kind: 'xattr', value });
          return { type: 'Rxattrwalk', size: value.length };
        }),
      );
    },

    Txattrcreate: ({ fid, name, attr_size, flags }, session, _request, talk) => {
      if (!session.has(fid)) throw new Errno('EBADF', `unknown fid ${fid}`);
      if (attr_size > XATTR_MAX) throw new Errno('E2BIG', `an attribute of ${attr_size} bytes`);
      const value = Buffer.alloc(safe(attr_size));
      talk.states.set(fid, { kind: 'draft', name, flags, value, filled: 0 });
      return { type: 'Rxattrcreate' };
    },

    /** Cut by bytes between entries; the cookie of an entry is its index and 1. */
    Treaddir: ({ fid, offset, count }, session, request, talk) =>
      soon(session.entries(fid, offset === 0, request), (all) => {
        let room = Math.min(count, talk.msize - REPLY_HEAD);
        const entries: Dirent[] = [];
        for (let i = safe(offset); i < all.length; i++) {
          const { name, mode, qid } = all[i]!;
          room -= direntSize(name);
          if (room < 0) break;
          const type = qidType(mode);
          entries.push({ qid: { type, version: 0, path: qid }, offset: i + 1, type: (mode & S_IFMT) >> 12, name });
        }
        if (room < 0 && entries.length === 0) throw new Errno('EINVAL', `no entry fits into ${count} bytes`);
        return { type: 'Rreaddir', entries };
      }),

    Tfsync: ({ fid, datasync }, session, request) =>
      soon(session.fsync(fid, (datasync ?? 0) !== 0, request), () => ({ type: 'Rfsync' })),

    /** Locks are granted and hold nothing: what is written here is decided by the files' own rules (docs/9p.md). */
    Tlock: ({ fid }, session) => {
      if (!session.has(fid)) throw new Errno('EBADF', `unknown fid ${fid}`);
      return { type: 'Rlock', status: LOCK_SUCCESS };
    },

    Tgetlock: ({ fid, start, length, proc_id, client_id }, session) => {
      if (!session.has(fid)) throw new Errno('EBADF', `unknown fid ${fid}`);
      return { type: 'Rgetlock', kind: F_UNLCK, start, length, proc_id, client_id };
    },

    Tlink: ({ dfid, fid, name }, session, request, talk) => {
      talk.together(session, dfid);
      return soon(session.link(dfid, name, fid, request), () => ({ type: 'Rlink' }));
    },

    Tmkdir: ({ dfid, name, mode }, session, request) =>
      soon(session.mkdir(dfid, name, mode & PERMISSIONS, request), (made) => ({ type: 'Rmkdir', qid: qidOf(made) })),

    Trenameat: ({ olddirfid, oldname, newdirfid, newname }, session, request, talk) => {
      talk.together(session, newdirfid);
      return soon(session.rename(olddirfid, oldname, newdirfid, newname, 0, request), () => ({ type: 'Rrenameat' }));
    },

    Tunlinkat: ({ dirfid, name, flags }, session, request) =>
      soon(session.unlink(dirfid, name, (flags & AT_REMOVEDIR) !== 0, request), () => ({ type: 'Runlinkat' })),
  },
});
