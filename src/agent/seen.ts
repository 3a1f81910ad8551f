import { hash } from 'node:crypto';
import { put, type Operation, type Store } from '../drivers/store/store.ts';
import type { Perceived } from '../drivers/model/model.ts';
import { chainSeenKey } from './keys.ts';

/** Enough to tell texts of one agent apart. */
const LENGTH = 16;

/**
 * Which of the texts an agent perceives stand in its trajectory already: each is written there once, and again only when its
 * record was dropped. Only those of the newest tick are remembered.
 */
export class Seen {
  readonly #store: Store;
  readonly #key: string;
  /** By its hash, the number of its record. */
  #seen: Map<string, number> | undefined;
  #dirty = false;
  /** Most of what is perceived are the same objects each time. */
  readonly #digests = new WeakMap<Perceived, string>();

  constructor(store: Store, agent: number) {
    this.#store = store;
    this.#key = chainSeenKey(agent);
  }

  /** Calls `write`, which tells the number, for what is not in a record after `anchor`. The hashes of all, in their order. */
  see(perceived: readonly Perceived[], anchor: number, write: (entry: object) => number): string[] {
    const before = (this.#seen ??= this.#load());
    const now = new Map<string, number>();
    const hashes = perceived.map(({ kind, path, text }, at) => {
      const digest =
        this.#digests.get(perceived[at]!) ?? hash('sha256', JSON.stringify([kind, path, text])).slice(0, LENGTH);
      this.#digests.set(perceived[at]!, digest);
      const known = now.get(digest) ?? before.get(digest) ?? 0;
      now.set(digest, known > anchor ? known : write({ digest, kind, path, text }));
      if (now.get(digest) !== before.get(digest)) this.#dirty = true;
      return digest;
    });
    this.#dirty ||= now.size !== before.size;
    this.#seen = now;
    return hashes;
  }

  /** What makes it last, for the batch that takes the records. */
  operations(): Operation[] {
    if (!this.#dirty || !this.#seen) return [];
    this.#dirty = false;
    return [put(this.#key, Buffer.from(JSON.stringify([...this.#seen])))];
  }

  #load(): Map<string, number> {
    const stored = this.#store.get(this.#key);
    return new Map(stored && (JSON.parse(Buffer.from(stored).toString()) as [string, number][]));
  }
}
