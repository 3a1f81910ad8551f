import type { Timing } from './children.ts';

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Both of a pair in microseconds, and ours divided by the peer's: each the median of all rounds. */
export interface Comparison {
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  /** The middle half of the rounds' ratios lies between these. */
  readonly spread: readonly [number, number];
  /** The same of the rounds' means, in which a machine that does something else in between shows. */
  readonly means: number;
}

const WARM = 3;

/**
 * Runs of some milliseconds in turns, peer, ours, peer, ours...; the first ones only warm both up. A run's figure is the
 * median of its operations, or their mean where they were not timed one by one.
 */
export const compare = async (
  peer: () => Promise<Timing>,
  ours: () => Promise<Timing>,
  rounds: number,
): Promise<Comparison> => {
  const pairs: { ours: number; peer: number; means: number }[] = [];
  for (let round = -WARM; round < rounds; round++) {
    const theirs = await peer();
    const own = await ours();
    if (round < 0) continue;
    pairs.push({ ours: own.p50 || own.mean, peer: theirs.p50 || theirs.mean, means: own.mean / theirs.mean });
  }
  const ratios = pairs.map((pair) => pair.ours / pair.peer).toSorted((a, b) => a - b);
  return {
    ours: median(pairs.map((pair) => pair.ours)) / 1000,
    peer: median(pairs.map((pair) => pair.peer)) / 1000,
    ratio: median(ratios),
    spread: [ratios[rounds >> 2]!, ratios[rounds - 1 - (rounds >> 2)]!],
    means: median(pairs.map(({ means }) => means)),
  };
};
