import type { Clock } from './clock.ts';

/** setTimeout takes a signed 32-bit number of milliseconds and fires at once above it. */
const LONGEST = 2 ** 31 - 1;

/** The fine clock is followed as long as it agrees with the wall clock this closely; then somebody set the clock. */
const DRIFT = 2_000_000n;

export class SystemClock implements Clock {
  #wall = BigInt(Date.now()) * 1_000_000n;
  #fine = process.hrtime.bigint();
  #last = 0n;

  now(): number {
    return Date.now();
  }

  /** Date.now() has no digits below a millisecond, and two changes within one must not carry the same mtime. */
  nanos(): bigint {
    const fine = process.hrtime.bigint();
    const wall = BigInt(Date.now()) * 1_000_000n;
    let nanos = this.#wall + (fine - this.#fine);
    if (nanos < wall - DRIFT || nanos > wall + DRIFT) {
      this.#wall = wall;
      this.#fine = fine;
      nanos = wall;
    }
    if (nanos <= this.#last) nanos = this.#last + 1n;
    this.#last = nanos;
    return nanos;
  }

  timer(ms: number, run: () => void): () => void {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = left > LONGEST ? setTimeout(() => arm(left - LONGEST), LONGEST) : setTimeout(run, left);
    };
    arm(ms);
    return () => clearTimeout(handle);
  }
}
