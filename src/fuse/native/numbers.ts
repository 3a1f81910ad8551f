import { constants as files } from 'node:fs';
import { constants as system } from 'node:os';
import type { Errno } from '../../kernel/errno.ts';
import * as mode from '../../kernel/mode.ts';

/** errno as this machine counts it: macOS agrees with Linux only up to 34. */
export const errnoOf = ({ code, number }: Errno): number => {
  if (process.platform === 'linux') return number;
  const own = system.errno as Readonly<Record<string, number>>;
  return own[code] ?? system.errno.EIO;
};

const pairs: readonly (readonly [own: number | undefined, linux: number])[] = [
  [files.O_CREAT, mode.O_CREAT],
  [files.O_EXCL, mode.O_EXCL],
  [files.O_TRUNC, mode.O_TRUNC],
  [files.O_APPEND, mode.O_APPEND],
  [files.O_NONBLOCK, mode.O_NONBLOCK],
  [files.O_DIRECTORY, mode.O_DIRECTORY],
  [files.O_NOFOLLOW, mode.O_NOFOLLOW],
];

/** Flags of open(2) as the session counts them, which is as Linux does. */
export const linuxFlags = (flags: number): number => {
  if (process.platform === 'linux') return flags;
  let linux = flags & mode.O_ACCMODE;
  for (const [own, bit] of pairs) if (own !== undefined && (flags & own) === own) linux |= bit;
  return linux;
};
