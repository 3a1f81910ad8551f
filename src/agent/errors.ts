import { isCode, type Code } from '../kernel/errno.ts';
import { timeText, type Clock } from '../drivers/clock/clock.ts';
import { put, type Operation, type Store } from '../drivers/store/store.ts';
import { cut } from './text.ts';

const KEPT = 20;
/** Bytes of one reason. */
const LENGTH = 1024;

export interface Failure {
  readonly time: string;
  readonly path: string;
  readonly code: Code;
  readonly reason: string;
}

/** The last refusals and failures, newest last. They survive a restart, and nobody waits for that. */
export class Errors {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #key: string;
  readonly #changed: () => void;
  #failures: Failure[] = [];
  #dirty = false;
  #saving = false;

  constructor(store: Store, clock: Clock, key: string, changed: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#key = key;
    this.#changed = changed;
    const stored = store.get(key);
    if (stored) this.#failures = JSON.parse(Buffer.from(stored).toString()) as Failure[];
  }

  list(): readonly Failure[] {
    return this.#failures;
  }

  /** `error`: anything that was thrown; without a code of ours it is EIO. */
  add(path: string, error: unknown): void {
    const { code, message } = error as { code?: unknown; message?: string };
    const failure: Failure = {
      time: timeText(this.#clock.now()),
      path,
      code: isCode(code) ? code : 'EIO',
      // What was written is quoted: it must not steer the terminal of whoever reads why.
      reason: cut((message ?? String(error)).replace(/[\s\p{Cc}]+/gu, ' ').trim(), LENGTH),
    };
    this.#failures = [...this.#failures.slice(1 - KEPT), failure];
    this.#dirty = true;
    this.#changed();
    if (!this.#saving) void this.#save();
  }

  /** What makes it last, for a batch that is being written anyway. */
  operations(): Operation[] {
    if (!this.#dirty) return [];
    this.#dirty = false;
    return [put(this.#key, Buffer.from(JSON.stringify(this.#failures)))];
  }

  async #save(): Promise<void> {
    this.#saving = true;
    // Later: the commit of what failed often follows at once and takes it along.
    await Promise.resolve();
    try {
      for (let rest = this.operations(); rest.length > 0; rest = this.operations()) {
        await this.#store.batch(rest, { sync: false });
      }
    } catch {
      // The medium refuses. The errors stay readable here, and the next one tries again.
      this.#dirty = true;
    } finally {
      this.#saving = false;
    }
  }
}
