/** Numbers that come again with their seed: mulberry32. What a run did by chance is done again with WEFT_SEED. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env['WEFT_SEED'] ?? Math.floor(Math.random() * 2 ** 32))) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** Another sequence of its own, so that whoever draws from it does not depend on how fast others do. */
  branch(): Random {
    return new Random(this.below(2 ** 32));
  }
}
