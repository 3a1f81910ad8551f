import { Errno } from '../../kernel/errno.ts';
import type { Request } from '../../kernel/request.ts';
import { ownGroups } from '../../native/groups.ts';
import { NOBODY, at } from '../../native/at.ts';

/** Who the server is on the host. Read at each use would be a system call each time; a server does not change it. */
let self: { uid: number; gid: number; groups: Uint32Array } | undefined;

const server = (): NonNullable<typeof self> =>
  (self ??= {
    uid: process.geteuid?.() ?? NOBODY,
    gid: process.getegid?.() ?? NOBODY,
    groups: Uint32Array.from(process.platform === 'linux' ? ownGroups() : []),
  });

/** Does the host see this request as the server itself? */
export const isServer = (request: Request): boolean => {
  const { uid, gid } = request;
  if (uid === undefined) return true;
  const own = server();
  return uid === own.uid && (gid === undefined || gid === own.gid);
};

/**
 * Runs synchronous system calls with the file-system identity (setfsuid(2)) of whoever asks, so that the host's kernel
 * itself decides what they may do and who owns what they make. Only this thread changes, and never longer than `call`.
 * A request without uid is the server's own. EACCES where another uid asks and the server is not root.
 */
export const as = <T>(request: Request, call: () => T): T => {
  if (isServer(request)) return call();
  const own = server();
  const { uid = own.uid, gid = own.gid } = request;
  if (own.uid !== 0) {
    // A server of one user cannot be another. Root, who could have gone to the directory itself, gets what it gets.
    if (uid === 0 || uid === own.uid) return call();
    throw new Errno('EACCES', 'only a server that runs as root serves the files of other users');
  }
  const { setfsuid, setfsgid, setgroups } = at();
  const groups = setgroups(Uint32Array.from(request.groups));
  try {
    setfsgid(gid);
    setfsuid(uid);
    // The calls do not say that they failed; the answer to an impossible value is what holds now.
    if (groups < 0 || setfsuid(NOBODY) !== uid || setfsgid(NOBODY) !== gid) {
      throw new Errno('EACCES', `the server cannot act as uid ${uid}, gid ${gid}`);
    }
    return call();
  } finally {
    setfsuid(own.uid);
    setfsgid(own.gid);
    const restored = setgroups(own.groups) === 0 || groups < 0;
    // To go on with somebody else's rights would be worse than to stop.
    if (!restored || setfsuid(NOBODY) !== own.uid || setfsgid(NOBODY) !== own.gid) process.abort();
  }
};
