import { Errno } from '../../kernel/errno.ts';
import { S_IFDIR, S_IFREG } from '../../kernel/mode.ts';
import type { Changed } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { AT_EMPTY_PATH, AT_FDCWD, at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { as } from './credentials.ts';
import { magic } from './tree.ts';

/** utimensat(2): a time of day to be read there, a time to be left alone. */
const UTIME_NOW = 0x3fffffffn;
const UTIME_OMIT = 0x3ffffffen;
const SECOND = 1_000_000_000n;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;

export interface Subject {
  readonly type: number;
  readonly path: string;
}

/**
 * Only the operator makes what gives rights away: device nodes, set-uid and set-gid programs, and the attributes that
 * mean the same. An agent's file has the server's owner, which may be root, and lies where its tools can run it.
 */
export const guard = (request: Request, gives: boolean, what: string): void => {
  if (gives && request.subject.tier !== 'operator') throw new Errno('EPERM', `${what} are the operator's`);
};

export const guardMode = (request: Request, type: number, mode: number): void =>
  guard(request, type !== S_IFDIR && (mode & (S_ISUID | S_ISGID)) !== 0, 'set-uid and set-gid files');

/** chown, truncate, chmod and utimes on a descriptor, which may be O_PATH; in the order in which none undoes another: the first two take set-uid away. */
export const change = (fd: number, node: Subject, changed: Changed, request: Request): void => {
  const { mode, uid, gid, size, atime, mtime } = changed;
  if (mode !== undefined) guardMode(request, node.type, mode);
  const result = as(request, () => {
    const calls = at();
    let n = 0;
    if (uid !== undefined || gid !== undefined) n = calls.fchownat(fd, '', uid ?? -1, gid ?? -1, AT_EMPTY_PATH);
    if (n >= 0 && size !== undefined) n = resize(fd, node, size);
    if (n >= 0 && mode !== undefined) n = calls.fchmodat(AT_FDCWD, magic(fd), mode & 0o7777);
    if (n >= 0 && (atime !== undefined || mtime !== undefined)) {
      n = calls.utimensat(fd, '', BigInt64Array.of(...time(atime), ...time(mtime)), AT_EMPTY_PATH);
    }
    return n;
  });
  checked(result, 'setattr', node);
};

const resize = (fd: number, { type }: Subject, size: number): number => {
  if (type === S_IFDIR) throw new Errno('EISDIR');
  if (type !== S_IFREG) throw new Errno('EINVAL', 'only plain files have a size');
  return at().truncate(magic(fd), size);
};

const time = (value: bigint | 'now' | undefined): readonly [bigint, bigint] => {
  if (value === undefined) return [0n, UTIME_OMIT];
  if (value === 'now') return [0n, UTIME_NOW];
  const rest = ((value % SECOND) + SECOND) % SECOND;
  return [(value - rest) / SECOND, rest];
};
