import type { Clock } from '../drivers/clock/clock.ts';
import type { Row } from './rows.ts';

/** The least time between two looks, in milliseconds, and how many agents are put to sleep side by side. */
const PAUSE = 1_000;
const TOGETHER = 64;

/** Puts agents to sleep that had nothing to do for as long as their policy says. One timer for all of them. */
export class Idleness {
  readonly #clock: Clock;
  readonly #sleep: (row: Row) => Promise<void>;
  readonly #awake = new Set<Row>();
  #due = Infinity;
  #cancel: (() => void) | undefined;
  #stopped = false;

  /** `sleep` must not reject. */
  constructor(clock: Clock, sleep: (row: Row) => Promise<void>) {
    this.#clock = clock;
    this.#sleep = sleep;
  }

  /** The row's `sleeps` may have changed. */
  note(row: Row): void {
    if (row.sleeps === Infinity) {
      this.#awake.delete(row);
      return;
    }
    this.#awake.add(row);
    if (row.sleeps < this.#due) this.#arm(row.sleeps);
  }

  forget(row: Row): void {
    this.#awake.delete(row);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #arm(due: number): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = this.#clock.timer(Math.max(PAUSE, due - this.#clock.now()), () => void this.#look());
  }

  async #look(): Promise<void> {
    const now = this.#clock.now();
    const over = [...this.#awake].filter(({ sleeps }) => sleeps <= now);
    for (let start = 0; start < over.length && !this.#stopped; start += TOGETHER) {
      await Promise.all(over.slice(start, start + TOGETHER).map((row) => this.#sleep(row)));
    }
    this.#due = Infinity;
    let next = Infinity;
    for (const { sleeps } of this.#awake) next = Math.min(next, sleeps);
    if (next !== Infinity) this.#arm(next);
  }
}
