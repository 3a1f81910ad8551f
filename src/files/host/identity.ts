import { Errno } from '../../kernel/errno.ts';
import type { Attributes } from '../../kernel/node.ts';
import { hostBase } from '../../kernel/qid.ts';

/**
 * Which file of the host it is: the number clients see, which stands for device and inode number, and the time it was
 * made, which tells a file from an earlier one that had its inode number (0 where the file system keeps none).
 */
export interface Identity {
  readonly qid: number;
  readonly birth: number;
  readonly mode: number;
}

/** Words of struct statx (linux/stat.h). */
const word = {
  blksize: 1,
  nlink: 4,
  uid: 5,
  gid: 6,
  mode: 7,
  ino: 8,
  size: 10,
  blocks: 12,
  atime: 16,
  birth: 20,
  ctime: 24,
  mtime: 28,
  rdev: 32,
  dev: 34,
} as const;

const HIGH = 2 ** 32;

/**
 * Above `hostBase` there are 2^52 numbers: 2^20 blocks of 2^32 inodes. A device gets a block the first time one of its
 * files is seen; where inode numbers are longer than 32 bits, each upper half gets one.
 */
const blocks = new Map<number, Map<number, number>>();
let used = 0;

const block = (dev: number, upper: number): number => {
  const device = blocks.get(dev) ?? new Map<number, number>();
  blocks.set(dev, device);
  const known = device.get(upper);
  if (known !== undefined) return known;
  if (used === 2 ** 20)
    throw new Errno('EOVERFLOW', 'the host file systems have more inode numbers than can be told apart');
  device.set(upper, used);
  return used++;
};

export const qidOf = (dev: number, lower: number, upper: number): number => hostBase + block(dev, upper) * HIGH + lower;

/** As in stat(2)'s st_dev: twelve bits of major, twenty of minor number. */
const device = (stat: Uint32Array, at: number): number => {
  const major = stat[at]!;
  const minor = stat[at + 1]!;
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
};

export const deviceOf = (stat: Uint32Array): number => stat[word.dev]! * HIGH + stat[word.dev + 1]!;

/** A time as one number that differs where the times do: nanoseconds, and as many bits of the seconds as have room. */
const birthOf = (stat: Uint32Array): number => (stat[word.birth]! & 0x7fffff) * 2 ** 30 + stat[word.birth + 2]!;

export const modeOf = (stat: Uint32Array): number => stat[word.mode]! & 0xffff;

export const identityOf = (stat: Uint32Array): Identity => ({
  qid: qidOf(deviceOf(stat), stat[word.ino]!, stat[word.ino + 1]!),
  birth: birthOf(stat),
  mode: modeOf(stat),
});

/** Is what was just looked at the file meant? */
export const same = (stat: Uint32Array, { qid, birth }: Omit<Identity, 'mode'>): boolean =>
  birthOf(stat) === birth && qidOf(deviceOf(stat), stat[word.ino]!, stat[word.ino + 1]!) === qid;

const long = (stat: Uint32Array, at: number): number => stat[at]! + stat[at + 1]! * HIGH;

/** Seconds are signed. */
const time = (stat: Uint32Array, at: number): bigint =>
  BigInt(stat[at]! + (stat[at + 1]! | 0) * HIGH) * 1_000_000_000n + BigInt(stat[at + 2]!);

export const attributesOf = (stat: Uint32Array): Attributes => ({
  qid: qidOf(deviceOf(stat), stat[word.ino]!, stat[word.ino + 1]!),
  // Every change of the content moves ctime, and no call can set it.
  version: (Math.imul(stat[word.ctime]!, 1_000_003) ^ stat[word.ctime + 2]!) >>> 0,
  mode: modeOf(stat),
  size: long(stat, word.size),
  nlink: stat[word.nlink]!,
  uid: stat[word.uid]!,
  gid: stat[word.gid]!,
  rdev: device(stat, word.rdev),
  blocks: long(stat, word.blocks),
  blksize: stat[word.blksize]!,
  atime: time(stat, word.atime),
  mtime: time(stat, word.mtime),
  ctime: time(stat, word.ctime),
});
