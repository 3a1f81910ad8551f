import { readFileSync } from 'node:fs';
import { AT_EMPTY_PATH, AT_FDCWD, at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { modeOf } from './identity.ts';

/** The server's own, read without the write that umask(2) would be: other threads make files too. */
let mask: number | undefined;

const umask = (): number =>
  (mask ??= parseInt(/^Umask:\s*([0-7]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0', 8));

/** Would the server's umask change such a mode? */
export const umaskTakes = (mode: number): boolean => (mode & 0o777 & umask()) !== 0;

/**
 * The client has applied its umask; the server's must not take more away. What was made got less than it should, for
 * an instant, never more. Where the directory hands down an access control list, umask did nothing.
 */
export const withoutUmask = (fd: number, mode: number, directory: string): void => {
  const lacks = mode & 0o777 & umask();
  const calls = at();
  if (calls.getxattr(directory, 'system.posix_acl_default', empty) >= 0) return;
  checked(calls.statx(fd, '', AT_EMPTY_PATH), 'stat');
  const now = modeOf(calls.stat) & 0o7777;
  if ((now & lacks) !== lacks) checked(calls.fchmodat(AT_FDCWD, `/proc/self/fd/${fd}`, now | lacks), 'chmod');
};

/** Of no length: the answer is only whether there is one. */
const empty = new Uint8Array(0);
