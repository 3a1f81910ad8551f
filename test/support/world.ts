import { Changes } from '../../src/kernel/changes.ts';
import type { World } from '../../src/files/world.ts';

/** A world with a clock that only the test moves. */
export const world = (): World & { at: number } => {
  const made = { changes: new Changes(), at: 1_700_000_000_000, uid: 0, gid: 0, now: () => made.at };
  return made;
};
