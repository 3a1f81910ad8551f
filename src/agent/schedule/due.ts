import type { Clock } from '../../drivers/clock/clock.ts';
import { within, type Store } from '../../drivers/store/store.ts';
import { dueBefore, duePrefix, parseDueKey, type Due } from '../keys.ts';

/** Schedules that fire side by side. */
const BATCH = 128;
/** How long the wall clock is trusted to go as the timer does, in milliseconds: it may be set meanwhile. */
const TRUST = 60_000;
/** How long what failed rests before it is tried again, in milliseconds; from the last one on always that. */
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
  readonly #resting = new Map<string, { readonly until: number; readonly failures: number }>();
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
      this.#arm(next);
    } catch (error) {
      failed(error);
      this.#arm(clock.now() + RESTS[0]!);
    }
  }

  #more(next: number): boolean {
    return !this.#stopped && (this.#again || next <= this.#options.clock.now());
  }

  /** Fires the first of what is due; false when nothing is. */
  async #some(): Promise<boolean> {
    const { store, clock } = this.#options;
    const keys: string[] = [];
    const now = clock.now();
    for await (const key of store.keys({ ...within(duePrefix), lt: dueBefore(now + 1) })) {
      if ((this.#resting.get(key)?.until ?? 0) > now) continue;
      if (keys.push(key) === BATCH) break;
    }
    await Promise.all(keys.map((key) => this.#fire(key)));
    return keys.length === BATCH && !this.#stopped;
  }

  /** What fails is told and rests, so that it holds up nobody else. */
  async #fire(key: string): Promise<void> {
    const { clock, fire, failed } = this.#options;
    try {
      await fire(parseDueKey(key));
      this.#resting.delete(key);
    } catch (error) {
      const failures = this.#resting.get(key)?.failures ?? 0;
      const rest = RESTS[Math.min(failures, RESTS.length - 1)]!;
      this.#resting.set(key, { until: clock.now() + rest, failures: failures + 1 });
      failed(error);
    }
  }

  /** When there is something to do next. */
  async #next(): Promise<number> {
    let next = Infinity;
    for await (const key of this.#options.store.keys(within(duePrefix))) {
      const resting = this.#resting.get(key);
      if (!resting) return Math.min(next, parseDueKey(key).time);
      next = Math.min(next, resting.until);
    }
    return next;
  }
}
