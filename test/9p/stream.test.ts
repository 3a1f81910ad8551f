import test from 'ava';
import { Streaming } from '../../src/9p/stream.ts';

const MSIZE = 1048576;

/** What a stream answers to reads of one open, each as [offset, count, bytes there are]; `rest` where it says nothing more. */
const play = (reads: readonly (readonly [number, number, number])[]): (number | 'rest')[] => {
  const streaming = new Streaming(MSIZE);
  return reads.map(([offset, count, there]) => {
    if (streaming.rest(offset, count)) return 'rest';
    streaming.note(offset, count, Math.min(count, there));
    return Math.min(count, there);
  });
};

test('a kernel that fills one buffer is told there is no more, each time anew', (t) => {
  const reads = play([
    [0, 131072, 100],
    [100, 130972, 50],
    [100, 131072, 50],
    [150, 131022, 50],
  ]);
  t.deepEqual(reads, [100, 'rest', 50, 'rest']);
});

test('and so is one whose buffer is larger than a message', (t) => {
  // What is left of 1 MiB after 100 bytes, of which the first message could ask for msize - 24.
  const reads = play([
    [0, MSIZE - 24, 100],
    [100, MSIZE - 100, 50],
    [100, MSIZE - 24, 50],
    [150, MSIZE - 50, 50],
  ]);
  t.deepEqual(reads, [100, 'rest', 50, 'rest']);
});

test('a client that always asks for the most, or for the same, sees no end', (t) => {
  for (const count of [MSIZE - 24, 8192]) {
    const reads = play([
      [0, count, 100],
      [100, count, 100],
      [200, count, 100],
    ]);
    t.deepEqual(reads, [100, 100, 100], String(count));
  }
});

test('nothing is the rest of nothing', (t) => {
  const reads = play([
    [0, 100, 0],
    [0, 100, 10],
  ]);
  t.deepEqual(reads, [0, 10]);
});
