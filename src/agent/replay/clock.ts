import type { Clock } from '../../drivers/clock/clock.ts';

/** How much earlier or later than in the recording a timer may be due, in milliseconds: records tell time only so well. */
const SLACK = 50;

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** Stands at the time of a record until the next one. Timers run when somebody says so, each once. */
export class ReplayClock implements Clock {
  #now: number;
  #nanos = 0n;
  readonly #timers = new Set<Timer>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  nanos(): bigint {
    const floor = BigInt(this.#now) * 1_000_000n;
    this.#nanos = this.#nanos < floor ? floor : this.#nanos + 1n;
    return this.#nanos;
  }

  timer(ms: number, run: () => void): () => void {
    const timer = { due: this.#now + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Never back. */
  advance(to: number): void {
    if (to > this.#now) this.#now = to;
  }

  /** Runs what is due, or as good as due, in the order of its time. What these begin anew waits for the next call. */
  fire(): void {
    const due = [...this.#timers].filter((timer) => timer.due <= this.#now + SLACK);
    for (const timer of due.sort((a, b) => a.due - b.due)) {
      if (!this.#timers.delete(timer)) continue;
      this.advance(timer.due);
      timer.run();
    }
  }
}
