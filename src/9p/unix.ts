import { Errno, textOf } from '../kernel/errno.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT, S_IFSOCK, isLink } from '../kernel/mode.ts';
import type { Attributes, Awaitable } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import type { Session } from '../kernel/session.ts';
import { soon } from '../kernel/soon.ts';
import { create, open, readAny, statOf, wstat } from './classic.ts';
import type { Record } from './classic.ts';
import { dialectUnix } from './codec.ts';
import type { Message } from './codec.ts';
import { clunk, qidOf, remove, walk, write } from './common.ts';
import type { Conversation } from './conversation.ts';
import { majorOf, makedev, minorOf } from './device.ts';
import { NOFID } from './fields.ts';
import type { Unix } from './messages.ts';
import { service } from './service.ts';
import { DMDEVICE, DMLINK, DMNAMEDPIPE, DMSOCKET, DMSYMLINK, encodeStat, statRecordU } from './stat.ts';
import type { StatU } from './stat.ts';

const SPECIAL = DMSYMLINK | DMLINK | DMDEVICE | DMNAMEDPIPE | DMSOCKET;

const extensionOf = (
  fid: number,
  { mode, rdev }: Attributes,
  session: Session,
  request: Request,
): Awaitable<string> => {
  if (isLink(mode)) return session.readlink(fid, request);
  const kind = mode & S_IFMT;
  if (kind !== S_IFBLK && kind !== S_IFCHR) return '';
  return `${kind === S_IFBLK ? 'b' : 'c'} ${majorOf(rdev)} ${minorOf(rdev)}`;
};

const stat = (fid: number, name: string, session: Session, request: Request): Awaitable<StatU> =>
  soon(session.stat(fid, request), (attributes) =>
    soon(extensionOf(fid, attributes, session, request), (extension) => {
      const { uid, gid } = attributes;
      return { ...statOf(attributes, name, true), extension, n_uid: uid, n_gid: gid, n_muid: NOFID };
    }),
  );

const record: Record = (fid, name, session, request) =>
  soon(stat(fid, name, session, request), (value) => encodeStat(statRecordU, value));

/** Tcreate of what is no file and no directory: `extension` says what (the target, `b 8 1`, or the fid to link to). */
const special = async (
  { fid, name, perm, extension }: Message<Unix, 'Tcreate'>,
  session: Session,
  request: Request,
  talk: Conversation,
): Promise<Message<Unix, 'Rcreate'>> => {
  const mode = perm & 0o777;
  if (perm & DMSYMLINK) await session.symlink(fid, name, extension, request);
  else if (perm & DMLINK) {
    const [, target] = /^(\d+)\s*$/.exec(extension) ?? [];
    if (target === undefined) throw new Errno('EINVAL', `'${extension}' is no fid`);
    talk.together(session, Number(target));
    await session.link(fid, name, Number(target), request);
  } else if (perm & DMDEVICE) {
    const [, kind, major, minor] = /^([bc]) (\d+) (\d+)\s*$/.exec(extension) ?? [];
    if (kind === undefined) throw new Errno('EINVAL', `'${extension}' is no device`);
    const type = kind === 'b' ? S_IFBLK : S_IFCHR;
    await session.mknod(fid, name, type | mode, makedev(Number(major), Number(minor)), request);
  } else await session.mknod(fid, name, (perm & DMSOCKET ? S_IFSOCK : S_IFIFO) | mode, 0, request);
  const [made] = await session.walk(fid, fid, [name], request);
  return { type: 'Rcreate', qid: qidOf(made!), iounit: 0 };
};

/** 9P2000.u: 9P2000 with numbers for errors and owners, links and special files. */
export const unixService = service(dialectUnix, {
  links: true,
  attached: (qid) => ({ type: 'Rattach', qid }),
  error: (error) => ({ type: 'Rerror', ename: textOf(error.code), errno: error.number }),
  handlers: {
    Twalk: walk,
    Tread: (message, session, request, talk) =>
      soon(readAny(message, session, request, talk, record), (data) => ({ type: 'Rread', data })),
    Twrite: write,
    Tclunk: clunk,
    Tremove: remove,
    Topen: ({ fid, mode }, session, request, talk) =>
      soon(open(fid, mode, true, session, request, talk), (made) => ({ type: 'Ropen', ...made })),
    Tcreate: (message, session, request, talk) => {
      if (message.perm & SPECIAL) return special(message, session, request, talk);
      return soon(create(message, true, session, request, talk), (made) => ({ type: 'Rcreate', ...made }));
    },
    Tstat: ({ fid }, session, request) =>
      soon(stat(fid, session.name(fid), session, request), (value) => ({ type: 'Rstat', stat: value })),
    Twstat: ({ fid, stat: wanted }, session, request) =>
      soon(wstat(fid, wanted, true, session, request), () => ({ type: 'Rwstat' })),
  },
});
