import { Errno } from '../../kernel/errno.ts';
import type { Request } from '../../kernel/request.ts';
import { at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { guard } from './change.ts';
import { as } from './credentials.ts';

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

/** What the calls reach an inode by: an O_PATH descriptor, or for a link, which that cannot do, its directory and name. */
export interface Attributed {
  readonly path: string;
  readonly link: boolean;
}

export const getxattr = ({ path, link }: Attributed, name: string, request: Request): Uint8Array => {
  checkKey(name);
  const call = link ? at().lgetxattr : at().getxattr;
  const n = as(request, () => call(path, name, buffer));
  return Buffer.from(buffer.subarray(0, checked(n, 'getxattr', name)));
};

export const setxattr = (of: Attributed, name: string, value: Uint8Array, flags: number, request: Request): void => {
  checkKey(name);
  guardKey(request, name);
  const call = of.link ? at().lsetxattr : at().setxattr;
  const n = as(request, () => call(of.path, name, value, flags));
  checked(n, 'setxattr', name);
};

export const listxattr = ({ path, link }: Attributed, request: Request): string[] => {
  const call = link ? at().llistxattr : at().listxattr;
  const n = as(request, () => call(path, buffer));
  return buffer.toString('utf8', 0, checked(n, 'listxattr')).split('\0').slice(0, -1);
};

export const removexattr = ({ path, link }: Attributed, name: string, request: Request): void => {
  checkKey(name);
  guardKey(request, name);
  const call = link ? at().lremovexattr : at().removexattr;
  const n = as(request, () => call(path, name));
  checked(n, 'removexattr', name);
};
