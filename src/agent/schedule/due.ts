import type { Clock } from '../../drivers/clock/clock.ts';
import { within, type Store } from '../../drivers/store/store.ts';
import { dueBefore, duePrefix, parseDueKey, type Due } from '../keys.ts';

/** Schedules that fire side by side. */
const BATCH = 128;
/** How long the wall clock is trusted to go as the timer does, in milliseconds: it may be set meanwhile. */
const TRUST = 60_000;
/** How long it rests after the store refused, in milliseconds; the last one for ever. */
const RESTS = [1_000, 10_000, 60_000];

export interface DueQueueOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Resolves when what is due has been done, or nobody is there for it any more, and its key is gone. */
  readonly fire: (due: Due) => Promise<void>;
  /** Resolves when there is room for more work: what is due all at once must not be in memory all at once. */
  readonly room: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/**
 * What comes due next, over the schedules of all agents. The queue is the keys in the store, which sort by time; here is
 * one timer for the first of them. So a hundred thousand agents that sleep cost nothing, and nothing is lost with the process.
 */
export class DueQueue {
  readonly #options: DueQueueOptions;
  #running: Promise<void> | undefined;
  #again = false;
  #failures = 0;
  #armed = Infinity;
  #cancel: (() => void) | undefined;
  #stopped = true;

  constructor(options: DueQueueOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#run();
  }

  /** Nothing more fires when it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#disarm();
    await this.#running;
  }

  /** Something comes due at this time, and its key is in the store. */
  at(time: number): void {
    if (this.#stopped) return;
    if (this.#running || time <= this.#options.clock.now()) this.#run();
    else if (time < this.#armed) this.#arm(time);
  }

  #arm(time: number): void {
    this.#disarm();
    if (this.#stopped || time === Infinity) return;
    this.#armed = time;
    const wait = Math.min(Math.max(1, time - this.#options.clock.now()), TRUST);
    this.#cancel = this.#options.clock.timer(wait, () => {
      this.#disarm();
      this.#run();
    });
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armed = Infinity;
  }

  #run(): void {
    if (this.#stopped) return;
    this.#again = true;
    if (this.#running) return;
    this.#disarm();
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
      if (this.#again) this.#run();
    });
  }

  async #work(): Promise<void> {
    const { clock, failed } = this.#options;
    try {
      let next = Infinity;
      do {
        this.#again = false;
        while (await this.#some()) await this.#options.room();
        next = await this.#next();
      } while (this.#more(next));
      this.#failures = 0;
      this.#arm(next);
    } catch (error) {
      failed(error);
      this.#arm(clock.now() + RESTS[Math.min(this.#failures++, RESTS.length - 1)]!);
    }
  }

  #more(next: number): boolean {
    return !this.#stopped && (this.#again || next <= this.#options.clock.now());
  }

  /** Fires the first of what is due; false when nothing is. */
  async #some(): Promise<boolean> {
    const { store, clock, fire } = this.#options;
    const due: Due[] = [];
    const range = { ...within(duePrefix), lt: dueBefore(clock.now() + 1), limit: BATCH };
    for await (const key of store.keys(range)) due.push(parseDueKey(key));
    const fired = await Promise.allSettled(due.map(fire));
    const broken = fired.find((result) => result.status === 'rejected');
    if (broken) throw broken.reason;
    return due.length === BATCH && !this.#stopped;
  }

  async #next(): Promise<number> {
    for await (const key of this.#options.store.keys({ ...within(duePrefix), limit: 1 })) return parseDueKey(key).time;
    return Infinity;
  }
}
