import { Errno } from './errno.ts';

const NAME_MAX = 255;

/** A file name as POSIX has it: 1 to 255 bytes, no '/' and no NUL, not '.' or '..'. */
export const checkName = (name: string): void => {
  if (name === '' || name === '.' || name === '..') throw new Errno('EINVAL', `not a file name: '${name}'`);
  if (name.includes('/') || name.includes('\0')) throw new Errno('EINVAL', 'a file name holds neither / nor NUL');
  if (name.length > NAME_MAX / 3 && Buffer.byteLength(name) > NAME_MAX) throw new Errno('ENAMETOOLONG');
};

/** The name of an agent. */
export const agentName = /^[a-z][a-z0-9-]{0,31}$/;

/** Any other name a user gives. */
export const userName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
