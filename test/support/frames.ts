import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Op } from '../../src/fuse/messages.ts';

/** The recorded requests of fixtures/fuse, by operation. */
export const frames = (): Map<Op, Buffer> => {
  const file = join(import.meta.dirname, '../../fixtures/fuse/linux-6.18.txt');
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [op, hex] = line.split(' ') as [Op, string];
        return [op, Buffer.from(hex, 'hex')];
      }),
  );
};

/** A small seeded generator (mulberry32): the same cases every time, and the seed stands in the failure. */
export const random = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};
