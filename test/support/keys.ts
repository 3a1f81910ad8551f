import { randomFillSync } from 'node:crypto';
import { KeyPool } from '../../src/drivers/keys/pool.ts';

/** Keys under a server key of the test's own, whose threads end by themselves. */
export const newKeyPool = (serverKey = randomFillSync(new Uint8Array(32))): KeyPool => {
  const shared = new Uint8Array(new SharedArrayBuffer(32));
  shared.set(serverKey);
  return new KeyPool(shared);
};

const pools: KeyPool[] = [];

/** One of a few for all tests of a file, because each has its threads: the same number is the same server key. */
export const keyPool = (number = 0): KeyPool => (pools[number] ??= newKeyPool(new Uint8Array(32).fill(number + 1)));
