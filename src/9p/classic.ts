import { userInfo } from 'node:os';
import { Errno } from '../kernel/errno.ts';
import {
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFSOCK,
} from '../kernel/mode.ts';
import type { Attributes, Awaitable, Changed } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import type { Opened, Session } from '../kernel/session.ts';
import { soon } from '../kernel/soon.ts';
import { REPLY_HEAD, bytesOf, opened, qidOf } from './common.ts';
import type { Conversation, Listing } from './conversation.ts';
import type { Qid } from './fields.ts';
import {
  DMAPPEND,
  DMDEVICE,
  DMDIR,
  DMEXCL,
  DMNAMEDPIPE,
  DMSETGID,
  DMSETUID,
  DMSETVTX,
  DMSOCKET,
  DMSYMLINK,
  KEEP32,
  KEEP64,
} from './stat.ts';
import type { Stat } from './stat.ts';
import { safe } from './wire.ts';
import type { U64 } from './wire.ts';

/** What 9P2000 and 9P2000.u share: open modes, stat records, directories that are read like files, wstat. */

/** open(5): OTRUNC and ORCLOSE; OAPPEND is 9P2000.u's. */
const OTRUNC = 0x10;
const ORCLOSE = 0x40;
const OAPPEND = 0x80;

const BILLION = 1_000_000_000n;
const access = [O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY];

const flagsOf = (mode: number, extended: boolean): number =>
  access[mode & 3]! | (mode & OTRUNC ? O_TRUNC : 0) | (extended && mode & OAPPEND ? O_APPEND : 0);

const { uid: ownUid, username } = userInfo();
const ownerOf = (id: number): string => (id === ownUid ? username : String(id));

const kinds: readonly (readonly [number, number])[] = [
  [S_IFLNK, DMSYMLINK],
  [S_IFBLK, DMDEVICE],
  [S_IFCHR, DMDEVICE],
  [S_IFIFO, DMNAMEDPIPE],
  [S_IFSOCK, DMSOCKET],
];
const setBits: readonly (readonly [number, number])[] = [
  [0o4000, DMSETUID],
  [0o2000, DMSETGID],
  [0o1000, DMSETVTX],
];

/** stat(5)'s mode word. Plain 9P2000 knows directories and files. */
const modeOf = (mode: number, extended: boolean): number => {
  const kind = mode & S_IFMT;
  let bits = (mode & 0o777) + (kind === S_IFDIR ? DMDIR : 0);
  if (!extended) return bits;
  for (const [type, bit] of kinds) if (kind === type) bits += bit;
  for (const [bit, wire] of setBits) if (mode & bit) bits += wire;
  return bits;
};

const secondsOf = (time: bigint): number => {
  const whole = time / BILLION;
  return whole < 0n ? 0 : Math.min(Number(whole), KEEP32 - 1);
};

export const statOf = (attributes: Attributes, name: string, extended: boolean): Stat => {
  const { mode, size, uid, gid, atime, mtime } = attributes;
  const owner = ownerOf(uid);
  return {
    type: 0,
    dev: 0,
    qid: qidOf(attributes),
    mode: modeOf(mode, extended),
    atime: secondsOf(atime),
    mtime: secondsOf(mtime),
    length: (mode & S_IFMT) === S_IFDIR ? 0 : size,
    name,
    uid: owner,
    gid: ownerOf(gid),
    muid: owner,
  };
};

interface Opening {
  readonly qid: Qid;
  readonly iounit: number;
}

const begin = (fid: number, mode: number, result: Opened, talk: Conversation): Opening => {
  if (result.directory) talk.states.set(fid, { kind: 'listing', offset: 0, index: 0, left: undefined });
  else opened(fid, result, talk);
  if (mode & ORCLOSE) talk.doomed.add(fid);
  return { qid: qidOf(result.attributes), iounit: 0 };
};

export const open = (
  fid: number,
  mode: number,
  extended: boolean,
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Opening> =>
  soon(session.open(fid, flagsOf(mode, extended), request), (result) => begin(fid, mode, result, talk));

/** create(5): a file or a directory, which fid then is, open. A name that exists is an error. */
export const create = (
  {
    fid,
    name,
    perm,
    mode,
  }: { readonly fid: number; readonly name: string; readonly perm: number; readonly mode: number },
  extended: boolean,
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Opening> => {
  if (perm & (DMAPPEND | DMEXCL)) throw new Errno('ENOTSUP', 'append-only and exclusive files are not kept');
  if (perm & DMDIR) {
    return soon(session.mkdir(fid, name, perm & 0o777, request), () =>
      soon(session.walk(fid, fid, [name], request), () => open(fid, mode, extended, session, request, talk)),
    );
  }
  const flags = flagsOf(mode, extended) | O_CREAT | O_EXCL;
  return soon(session.create(fid, name, flags, perm & 0o777, request), (result) => begin(fid, mode, result, talk));
};

/** Makes the record of one entry. */
export type Record = (fid: number, name: string, session: Session, request: Request) => Awaitable<Buffer>;

/** Tread: of a directory whole stat records, from where the last read ended or from the start (read(5)). */
export const readAny = (
  { fid, offset, count }: { readonly fid: number; readonly offset: U64; readonly count: number },
  session: Session,
  request: Request,
  talk: Conversation,
  record: Record,
): Awaitable<Uint8Array> => {
  const state = talk.states.get(fid);
  if (state?.kind !== 'listing') return bytesOf(fid, offset, count, session, request, talk);
  return readListing(state, fid, safe(offset), count, session, request, talk, record);
};

const readListing = async (
  state: Listing,
  fid: number,
  offset: number,
  count: number,
  session: Session,
  request: Request,
  talk: Conversation,
  record: Record,
): Promise<Uint8Array> => {
  if (offset !== 0 && offset !== state.offset)
    throw new Errno('EINVAL', 'a directory is read on from where it was left');
  const entries = await session.entries(fid, offset === 0, request);
  let index = offset === 0 ? 0 : state.index;
  let left = offset === 0 ? undefined : state.left;
  let room = Math.min(count, talk.msize - REPLY_HEAD);
  const records: Buffer[] = [];
  for (; ; left = undefined, index++) {
    const entry = entries[index];
    if (!entry) break;
    if (entry.name === '.' || entry.name === '..') continue;
    const next = left ?? (await one(fid, entry.name, session, request, talk, record));
    if (!next) continue;
    if (next.length > room) {
      if (records.length === 0) throw new Errno('EINVAL', `${count} bytes do not hold one record`);
      left = next;
      break;
    }
    room -= next.length;
    records.push(next);
  }
  const bytes = Buffer.concat(records);
  state.index = index;
  state.left = left;
  state.offset = offset + bytes.length;
  return bytes;
};

/** The record of an entry; undefined where it has gone since the listing was taken. */
const one = async (
  fid: number,
  name: string,
  session: Session,
  request: Request,
  talk: Conversation,
  record: Record,
): Promise<Buffer | undefined> => {
  const temporary = talk.temporary();
  try {
    await session.walk(fid, temporary, [name], request);
  } catch (error) {
    if (error instanceof Errno && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await record(temporary, name, session, request);
  } finally {
    await session.clunk(temporary, request);
  }
};

const keeps = (value: number): boolean => value === KEEP32;

const changesOf = (wanted: Stat, now: Attributes, extended: boolean): Changed => {
  const changed: Changed = {};
  if (!keeps(wanted.mode)) {
    const isDirectory = (wanted.mode & DMDIR) !== 0;
    if (isDirectory !== ((now.mode & S_IFMT) === S_IFDIR)) throw new Errno('EPERM', 'what a file is does not change');
    if (wanted.mode & (DMAPPEND | DMEXCL)) throw new Errno('ENOTSUP', 'append-only and exclusive files are not kept');
    changed.mode = wanted.mode & 0o777;
    if (extended) for (const [bit, wire] of setBits) if (wanted.mode & wire) changed.mode |= bit;
  }
  if (!keeps(wanted.atime)) changed.atime = BigInt(wanted.atime) * BILLION;
  if (!keeps(wanted.mtime)) changed.mtime = BigInt(wanted.mtime) * BILLION;
  if (wanted.length !== KEEP64) changed.size = safe(wanted.length);
  return changed;
};

/**
 * wstat(5): all that was asked or nothing. Values with all bits set and empty strings are not touched; where nothing is,
 * what was written is made durable.
 */
export const wstat = async (
  fid: number,
  wanted: Stat & { readonly n_uid?: number; readonly n_gid?: number },
  extended: boolean,
  session: Session,
  request: Request,
): Promise<void> => {
  const now = await session.stat(fid, request);
  const changed = changesOf(wanted, now, extended);
  if (extended) {
    if (wanted.n_uid !== undefined && !keeps(wanted.n_uid)) changed.uid = wanted.n_uid;
    if (wanted.n_gid !== undefined && !keeps(wanted.n_gid)) changed.gid = wanted.n_gid;
  } else {
    if (wanted.uid !== '' && wanted.uid !== ownerOf(now.uid)) throw new Errno('EPERM', 'the owner does not change');
    if (wanted.gid !== '' && wanted.gid !== ownerOf(now.gid)) throw new Errno('EPERM', 'the group does not change');
  }
  const name = session.name(fid);
  const renames = wanted.name !== '' && wanted.name !== name;
  const sets = Object.keys(changed).length > 0;
  if (!renames && !sets) {
    await sync(fid, session, request);
    return;
  }
  if (renames) await session.renameFid(fid, undefined, wanted.name, request);
  if (!sets) return;
  try {
    await session.setattr(fid, changed, request);
  } catch (error) {
    if (renames) await session.renameFid(fid, undefined, name, request);
    throw error;
  }
};

/** A fid that is not open has nothing that could be lost. */
const sync = async (fid: number, session: Session, request: Request): Promise<void> => {
  try {
    await session.fsync(fid, false, request);
  } catch (error) {
    if (!(error instanceof Errno && error.code === 'EBADF' && session.has(fid))) throw error;
  }
};
