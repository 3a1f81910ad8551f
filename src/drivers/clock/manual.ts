import type { Clock } from './clock.ts';

interface Timer {
  due: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now: number;
  #nanos = 0n;
  readonly #timers = new Set<Timer>();

  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** One nanosecond on at each call, so that two changes differ in time here as they do on a real clock. */
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

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Somebody sets the wall clock. Timers keep the time they have left. */
  set(now: number): void {
    for (const timer of this.#timers) timer.due += now - this.#now;
    this.#now = now;
  }

  /** Lets `ms` milliseconds pass; what comes due runs in the order of its time, with the clock standing at that time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) if (timer.due <= end && (!next || timer.due < next.due)) next = timer;
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.run();
    }
    this.#now = end;
  }
}
