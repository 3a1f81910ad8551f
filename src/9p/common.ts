import { Errno } from '../kernel/errno.ts';
import { isDirectory, isLink } from '../kernel/mode.ts';
import type { Attributes, Awaitable } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import type { Opened, Session } from '../kernel/session.ts';
import { soon } from '../kernel/soon.ts';
import type { Reply } from './codec.ts';
import type { Conversation } from './conversation.ts';
import { MAX_NAMES, QTDIR, QTFILE, QTSYMLINK } from './fields.ts';
import type { Qid } from './fields.ts';
import type { Plain } from './messages.ts';
import { Streaming } from './stream.ts';
import { safe } from './wire.ts';
import type { U64 } from './wire.ts';

/** What Rread and Rreaddir need besides their data: the header and count[4]. */
export const REPLY_HEAD = 11;

const nothing = new Uint8Array();

export const qidType = (mode: number): number => (isDirectory(mode) ? QTDIR : isLink(mode) ? QTSYMLINK : QTFILE);

export const qidOf = ({ mode, version, qid }: Attributes): Qid => ({
  type: qidType(mode),
  version: version >>> 0,
  path: qid,
});

/** What is the same in all three dialects: walk, read, write, clunk and remove. */
export const walk = (
  message: { readonly fid: number; readonly newfid: number; readonly wname: readonly string[] },
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Reply<Plain, 'Twalk'>> => {
  const { fid, newfid, wname } = message;
  if (wname.length > MAX_NAMES) throw new Errno('EINVAL', `more than ${MAX_NAMES} names in one walk`);
  if (newfid !== fid) talk.free(newfid);
  return soon(session.walk(fid, newfid, wname, request), (passed) => ({ type: 'Rwalk', wqid: passed.map(qidOf) }));
};

/** Called after an open or create: a stream's reads are watched. */
export const opened = (fid: number, { style }: Opened, talk: Conversation): void => {
  if (style === 'stream') talk.states.set(fid, new Streaming(talk.msize));
};

/** The bytes of a Tread on anything but a 9P2000 directory. */
export const bytesOf = (
  fid: number,
  from: U64,
  count: number,
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Uint8Array> => {
  const offset = safe(from);
  const most = Math.min(count, talk.msize - REPLY_HEAD);
  const state = talk.states.get(fid);
  if (!state) return session.read(fid, offset, most, request);
  if (state.kind === 'xattr') return state.value.subarray(offset, offset + most);
  if (state.kind === 'draft') throw new Errno('EBADF', 'an extended attribute is being written');
  if (state.kind === 'listing') throw new Errno('EISDIR');
  if (state.rest(offset, count)) return nothing;
  return soon(session.read(fid, offset, most, request), (bytes) => {
    state.note(offset, count, bytes.length);
    return bytes;
  });
};

export const read = (
  { fid, offset, count }: { readonly fid: number; readonly offset: U64; readonly count: number },
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Reply<Plain, 'Tread'>> =>
  soon(bytesOf(fid, offset, count, session, request, talk), (data) => ({ type: 'Rread', data }));

export const write = (
  { fid, offset, data }: { readonly fid: number; readonly offset: U64; readonly data: Uint8Array },
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Reply<Plain, 'Twrite'>> => {
  const state = talk.states.get(fid);
  if (state?.kind === 'draft') {
    if (safe(offset) !== state.filled) throw new Errno('EINVAL', 'an extended attribute is written in order');
    if (state.filled + data.length > state.value.length) throw new Errno('ENOSPC', 'more than was announced');
    state.value.set(data, state.filled);
    state.filled += data.length;
    return { type: 'Rwrite', count: data.length };
  }
  return soon(session.write(fid, safe(offset), data, request), (count) => ({ type: 'Rwrite', count }));
};

const finish = (fid: number, session: Session, request: Request, talk: Conversation): Awaitable<void> => {
  const state = talk.states.get(fid);
  talk.states.delete(fid);
  if (talk.doomed.delete(fid)) return session.remove(fid, request);
  if (state?.kind !== 'draft') return session.clunk(fid, request);
  return settle(fid, state, session, request);
};

/** The clunk of a Txattrcreate sets the attribute; an announced size of 0 takes it away (as Linux's client asks it). */
const settle = async (
  fid: number,
  draft: { name: string; flags: number; value: Buffer; filled: number },
  session: Session,
  request: Request,
): Promise<void> => {
  try {
    const { name, flags, value, filled } = draft;
    if (filled < value.length) throw new Errno('EINVAL', `${filled} of ${value.length} bytes of an attribute came`);
    if (value.length === 0) await session.removexattr(fid, name, request);
    else await session.setxattr(fid, name, value, flags, request);
  } finally {
    await session.clunk(fid, request);
  }
};

export const clunk = (
  { fid }: { readonly fid: number },
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Reply<Plain, 'Tclunk'>> => {
  if (talk.states.size === 0 && talk.doomed.size === 0) {
    return soon(session.clunk(fid, request), () => ({ type: 'Rclunk' }));
  }
  return soon(finish(fid, session, request, talk), () => ({ type: 'Rclunk' }));
};

export const remove = (
  { fid }: { readonly fid: number },
  session: Session,
  request: Request,
  talk: Conversation,
): Awaitable<Reply<Plain, 'Tremove'>> => {
  talk.states.delete(fid);
  talk.doomed.delete(fid);
  return soon(session.remove(fid, request), () => ({ type: 'Rremove' }));
};
