import { Errno } from '../kernel/errno.ts';
import { S_IFMT } from '../kernel/mode.ts';
import type { Attributes, Changed } from '../kernel/node.ts';
import { soon } from '../kernel/soon.ts';
import { dialectLinux } from './codec.ts';
import type { Message } from './codec.ts';
import { REPLY_HEAD, clunk, opened, qidOf, qidType, read, remove, walk, write } from './common.ts';
import { makedev } from './device.ts';
import { direntSize } from './dirent.ts';
import type { Dirent } from './dirent.ts';
import type { Linux } from './messages.ts';
import { service } from './service.ts';
import { safe } from './wire.ts';
import type { U64 } from './wire.ts';

/** Bits of Tgetattr and Rgetattr (P9_STATS_ of include/net/9p/9p.h): all but btime, gen and data_version. */
const STATS_BASIC = 0x7ff;
/** Bits of Tsetattr's valid (P9_ATTR_). */
const MODE = 1;
const UID = 2;
const GID = 4;
const SIZE = 8;
const ATIME = 0x10;
const MTIME = 0x20;
const ATIME_SET = 0x80;
const MTIME_SET = 0x100;
/** unlinkat(2). */
const AT_REMOVEDIR = 0x200;
/** V9FS_MAGIC of linux/magic.h: what statfs(2) shows behind a 9P mount anyway. */
const FSTYPE = 0x01021997;
/** Rlock's P9_LOCK_SUCCESS; F_UNLCK: nobody holds a lock that would be in the way. */
const LOCK_SUCCESS = 0;
const F_UNLCK = 2;
/** XATTR_SIZE_MAX of linux/limits.h. */
const XATTR_MAX = 65536;

/** What chmod(2) may change. */
const PERMISSIONS = 0o7777;

const BILLION = 1_000_000_000n;

const seconds = (time: bigint): U64 => {
  const whole = time / BILLION - (time % BILLION < 0n ? 1n : 0n);
  return whole >= 0n ? Number(whole) : BigInt.asUintN(64, whole);
};
const nanoseconds = (time: bigint): number => Number(((time % BILLION) + BILLION) % BILLION);
const timeOf = (sec: U64, nsec: U64): bigint => BigInt.asIntN(64, BigInt(sec)) * BILLION + BigInt(nsec);

const getattr = (attributes: Attributes): Message<Linux, 'Rgetattr'> => {
  const { mode, uid, gid, nlink, rdev, size, blksize, blocks, atime, mtime, ctime } = attributes;
  return {
    type: 'Rgetattr',
    valid: STATS_BASIC,
    qid: qidOf(attributes),
    mode,
    uid,
    gid,
    nlink,
    rdev,
    size,
    blksize,
    blocks,
    atime_sec: seconds(atime),
    atime_nsec: nanoseconds(atime),
    mtime_sec: seconds(mtime),
    mtime_nsec: nanoseconds(mtime),
    ctime_sec: seconds(ctime),
    ctime_nsec: nanoseconds(ctime),
    btime_sec: 0,
    btime_nsec: 0,
    gen: 0,
    data_version: 0,
  };
};

/** Fields whose bit is not set hold anything: they are not looked at. */
const changedBy = (message: Message<Linux, 'Tsetattr'>): Changed => {
  const { valid } = message;
  const changed: Changed = {};
  if (valid & MODE) changed.mode = message.mode & PERMISSIONS;
  if (valid & UID) changed.uid = message.uid;
  if (valid & GID) changed.gid = message.gid;
  if (valid & SIZE) changed.size = safe(message.size);
  if (valid & ATIME) changed.atime = valid & ATIME_SET ? timeOf(message.atime_sec, message.atime_nsec) : 'now';
  if (valid & MTIME) changed.mtime = valid & MTIME_SET ? timeOf(message.mtime_sec, message.mtime_nsec) : 'now';
  return changed;
};

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

    Tgetattr: ({ fid }, session, request) => soon(session.stat(fid, request), getattr),

    Tsetattr: (message, session, request) =>
      soon(session.setattr(message.fid, changedBy(message), request), () => ({ type: 'Rsetattr' })),

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
