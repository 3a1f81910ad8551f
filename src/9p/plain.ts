import { textOf } from '../kernel/errno.ts';
import { soon } from '../kernel/soon.ts';
import { create, open, readAny, statOf, wstat } from './classic.ts';
import type { Record } from './classic.ts';
import { dialectPlain } from './codec.ts';
import { clunk, remove, walk, write } from './common.ts';
import { service } from './service.ts';
import { encodeStat, statRecord } from './stat.ts';

const record: Record = (fid, name, session, request) =>
  soon(session.stat(fid, request), (attributes) => encodeStat(statRecord, statOf(attributes, name, false)));

/**
 * 9P2000, what Plan 9 and plan9port speak. It has no links: the session follows them and shows none. An error is text; Linux
 * maps it back to a number by exact match, so it is the C library's wording and nothing else.
 */
export const plainService = service(dialectPlain, {
  links: false,
  attached: (qid) => ({ type: 'Rattach', qid }),
  error: (error) => ({ type: 'Rerror', ename: textOf(error.code) }),
  handlers: {
    Twalk: walk,
    Tread: (message, session, request, talk) =>
      soon(readAny(message, session, request, talk, record), (data) => ({ type: 'Rread', data })),
    Twrite: write,
    Tclunk: clunk,
    Tremove: remove,
    Topen: ({ fid, mode }, session, request, talk) =>
      soon(open(fid, mode, false, session, request, talk), (made) => ({ type: 'Ropen', ...made })),
    Tcreate: (message, session, request, talk) =>
      soon(create(message, false, session, request, talk), (made) => ({ type: 'Rcreate', ...made })),
    Tstat: ({ fid }, session, request) =>
      soon(session.stat(fid, request), (attributes) => ({
        type: 'Rstat',
        stat: statOf(attributes, session.name(fid), false),
      })),
    Twstat: ({ fid, stat }, session, request) =>
      soon(wstat(fid, stat, false, session, request), () => ({ type: 'Rwstat' })),
  },
});
