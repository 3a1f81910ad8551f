import { Errno } from '../kernel/errno.ts';
import type { Clock } from '../drivers/clock/clock.ts';
import { del, within, type Operation, type Store } from '../drivers/store/store.ts';
import type { Work } from './checkpoint/work.ts';
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

/** NAME of NAME@TIME. */
export const baseOf = (archived: string): string => archived.slice(0, archived.indexOf('@'));

/** Agents that were removed: all they had stays in the store for a while. */
export class Archive {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #work: Work;
  #entries: Archived[] = [];
  /** Being forgotten: it cannot come back. */
  #erasing: Archived | undefined;

  constructor(store: Store, clock: Clock, work: Work) {
    this.#store = store;
    this.#clock = clock;
    this.#work = work;
  }

  /** Oldest first. */
  list(): readonly Archived[] {
    return this.#entries;
  }

  add(entry: Archived): void {
    this.#entries = [...this.#entries, entry].sort((a, b) => a.time - b.time || a.id - b.id);
  }

  /** Takes one out: of this very name, or the newest of NAME. ENOENT, which names what there is. */
  take(which: string): Archived {
    const kept = this.#entries.filter((entry) => entry !== this.#erasing);
    const found = kept.findLast(({ name }) => name === which || baseOf(name) === which);
    if (!found) {
      const names = kept.slice(-10).map(({ name }) => name);
      const there = names.length === 0 ? 'it is empty' : `the newest there are ${names.join(', ')}`;
      throw new Errno('ENOENT', `no '${which}' in the archive: ${there}`);
    }
    this.#entries = this.#entries.filter((entry) => entry !== found);
    return found;
  }

  /** Forgets those that are too old or too many, for good. */
  async purge(): Promise<void> {
    const oldest = this.#clock.now() - KEPT;
    for (;;) {
      const [entry] = this.#entries;
      if (!entry || (entry.time > oldest && this.#entries.length <= MANY)) return;
      this.#erasing = entry;
      try {
        await this.#erase(entry);
        this.#entries = this.#entries.filter((other) => other !== entry);
      } finally {
        this.#erasing = undefined;
      }
    }
  }

  /** The row of the agent goes last, so that a crash in between leaves something to go on from. */
  async #erase({ id, name }: Archived): Promise<void> {
    await this.#work.forget({ id, name });
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
