import type { Clock } from '../drivers/clock/clock.ts';
import { del, within, type Operation, type Store } from '../drivers/store/store.ts';
import { agentKey, dataPrefix } from './keys.ts';

/** How long an archived agent is kept, in milliseconds, and how many. */
const KEPT = 7 * 24 * 3_600_000;
const MANY = 100;
const BATCH = 1_000;

export interface Archived {
  readonly id: number;
  /** NAME@TIME. */
  readonly name: string;
  readonly time: number;
}

/** Agents that were removed: all they had stays in the store for a while. */
export class Archive {
  readonly #store: Store;
  readonly #clock: Clock;
  #entries: Archived[] = [];

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Oldest first. */
  list(): readonly Archived[] {
    return this.#entries;
  }

  add(entry: Archived): void {
    this.#entries = [...this.#entries, entry].sort((a, b) => a.time - b.time || a.id - b.id);
  }

  /** Forgets those that are too old or too many, for good. */
  async purge(): Promise<void> {
    const oldest = this.#clock.now() - KEPT;
    for (;;) {
      const [entry] = this.#entries;
      if (!entry || (entry.time > oldest && this.#entries.length <= MANY)) return;
      await this.#erase(entry.id);
      this.#entries = this.#entries.filter((other) => other !== entry);
    }
  }

  /** The row of the agent goes last, so that a crash in between leaves something to go on from. */
  async #erase(id: number): Promise<void> {
    let operations: Operation[] = [];
    for await (const key of this.#store.keys(within(dataPrefix(id)))) {
      operations.push(del(key));
      if (operations.length < BATCH) continue;
      await this.#store.batch(operations, { sync: false });
      operations = [];
    }
    await this.#store.batch([...operations, del(agentKey(id))], { sync: false });
  }
}
