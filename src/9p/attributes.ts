import type { Attributes, Changed } from '../kernel/node.ts';
import type { Message } from './codec.ts';
import type { Qid } from './fields.ts';
import type { Linux } from './messages.ts';
import { safe } from './wire.ts';
import type { U64 } from './wire.ts';

/** 9P2000.L's attributes and the kernel's, in both directions. */

/** Bits of Tgetattr and Rgetattr (P9_STATS_ of include/net/9p/9p.h): all but btime, gen and data_version. */
export const STATS_BASIC = 0x7ff;
/** Bits of Tsetattr's valid (P9_ATTR_). */
const MODE = 1;
const UID = 2;
const GID = 4;
const SIZE = 8;
const ATIME = 0x10;
const MTIME = 0x20;
const ATIME_SET = 0x80;
const MTIME_SET = 0x100;
/** What chmod(2) may change. */
export const PERMISSIONS = 0o7777;

const BILLION = 1_000_000_000n;

const seconds = (time: bigint): U64 => {
  const whole = time / BILLION - (time % BILLION < 0n ? 1n : 0n);
  return whole >= 0n ? Number(whole) : BigInt.asUintN(64, whole);
};
const nanoseconds = (time: bigint): number => Number(((time % BILLION) + BILLION) % BILLION);
const timeOf = (sec: U64, nsec: U64): bigint => BigInt.asIntN(64, BigInt(sec)) * BILLION + BigInt(nsec);

export const getattrOf = (attributes: Attributes, qid: Qid): Message<Linux, 'Rgetattr'> => {
  const { mode, uid, gid, nlink, rdev, size, blksize, blocks, atime, mtime, ctime } = attributes;
  return {
    type: 'Rgetattr',
    valid: STATS_BASIC,
    qid,
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

/** stat(2) of a remote file; its qid is the server's. */
export type RemoteAttributes = Omit<Attributes, 'qid'> & { readonly qid: Qid };

export const attributesOf = (reply: Message<Linux, 'Rgetattr'>): RemoteAttributes => ({
  qid: reply.qid,
  version: reply.qid.version,
  mode: reply.mode,
  size: safe(reply.size),
  nlink: safe(reply.nlink),
  uid: reply.uid,
  gid: reply.gid,
  rdev: safe(reply.rdev),
  blocks: safe(reply.blocks),
  blksize: safe(reply.blksize),
  atime: timeOf(reply.atime_sec, reply.atime_nsec),
  mtime: timeOf(reply.mtime_sec, reply.mtime_nsec),
  ctime: timeOf(reply.ctime_sec, reply.ctime_nsec),
});

/** Fields whose bit is not set hold anything: they are not looked at. */
export const changedOf = (message: Message<Linux, 'Tsetattr'>): Changed => {
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

export const setattrOf = (fid: number, changed: Changed): Message<Linux, 'Tsetattr'> => {
  const { mode, uid, gid, size, atime, mtime } = changed;
  const valid =
    (mode === undefined ? 0 : MODE) |
    (uid === undefined ? 0 : UID) |
    (gid === undefined ? 0 : GID) |
    (size === undefined ? 0 : SIZE) |
    (atime === undefined ? 0 : atime === 'now' ? ATIME : ATIME | ATIME_SET) |
    (mtime === undefined ? 0 : mtime === 'now' ? MTIME : MTIME | MTIME_SET);
  const at = typeof atime === 'bigint' ? atime : 0n;
  const mt = typeof mtime === 'bigint' ? mtime : 0n;
  return {
    type: 'Tsetattr',
    fid,
    valid,
    mode: mode ?? 0,
    uid: uid ?? 0,
    gid: gid ?? 0,
    size: size ?? 0,
    atime_sec: seconds(at),
    atime_nsec: nanoseconds(at),
    mtime_sec: seconds(mt),
    mtime_nsec: nanoseconds(mt),
  };
};
