import { Errno } from '../../kernel/errno.ts';
import type { Request } from '../../kernel/request.ts';
import { at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { guard } from './change.ts';
import { as } from './credentials.ts';
import { magic } from './tree.ts';

/** XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h. */
const MOST = 65536;

/** One buffer for all: what is read is copied before anything else runs. */
const buffer = Buffer.alloc(MOST);

const checkKey = (name: string): void => {
  if (name === '' || name.includes('\0')) throw new Errno('EINVAL', 'not a name of an extended attribute');
  if (Buffer.byteLength(name) > 255) throw new Errno('ERANGE');
};

/** `user.` belongs to whoever owns the file; the other namespaces hold capabilities and labels. */
const guardKey = (request: Request, name: string): void =>
  guard(request, !name.startsWith('user.'), 'extended attributes other than user.*');

export const getxattr = (fd: number, name: string, request: Request): Uint8Array => {
  checkKey(name);
  const n = as(request, () => at().getxattr(magic(fd), name, buffer));
  return Buffer.from(buffer.subarray(0, checked(n, 'getxattr', name)));
};

export const setxattr = (fd: number, name: string, value: Uint8Array, flags: number, request: Request): void => {
  checkKey(name);
  guardKey(request, name);
  checked(
    as(request, () => at().setxattr(magic(fd), name, value, flags)),
    'setxattr',
    name,
  );
};

export const listxattr = (fd: number, request: Request): string[] => {
  const n = checked(
    as(request, () => at().listxattr(magic(fd), buffer)),
    'listxattr',
  );
  return buffer.toString('utf8', 0, n).split('\0').slice(0, -1);
};

export const removexattr = (fd: number, name: string, request: Request): void => {
  checkKey(name);
  guardKey(request, name);
  checked(
    as(request, () => at().removexattr(magic(fd), name)),
    'removexattr',
    name,
  );
};
