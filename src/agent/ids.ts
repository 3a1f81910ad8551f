import type { Clock } from '../drivers/clock/clock.ts';

const base = 36;
const perMillisecond = base ** 3;

/**
 * Ids that sort by time: the millisecond and a count within it. They go on from the last one even when the clock was
 * set back, so that order never depends on the clock.
 */
export class Ids {
  readonly #clock: Pick<Clock, 'now'>;
  #time: number;
  #count = 0;

  /** `after`: milliseconds no new id may lie before. */
  constructor(clock: Pick<Clock, 'now'>, after = 0) {
    this.#clock = clock;
    this.#time = after;
  }

  /** At least this late from now on. */
  after(ms: number): void {
    if (ms >= this.#time) {
      this.#time = ms + 1;
      this.#count = 0;
    }
  }

  next(): string {
    const now = this.#clock.now();
    if (now > this.#time) {
      this.#time = now;
      this.#count = 0;
    } else if (++this.#count >= perMillisecond) {
      this.#time++;
      this.#count = 0;
    }
    return `m${this.#time.toString(base).padStart(9, '0')}${this.#count.toString(base).padStart(3, '0')}`;
  }
}

/** The millisecond an id was made at. */
export const timeOf = (id: string): number => Number.parseInt(id.slice(1, 10), base);
