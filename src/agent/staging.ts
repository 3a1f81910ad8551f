import { Errno } from '../kernel/errno.ts';
import { del, put, within, type Operation, type Store } from '../drivers/store/store.ts';
import { numberText, stagePrefix } from './keys.ts';
import { pack, unpack } from './pack.ts';

/** Documents that are staged at one time, in the whole server. */
const LIMIT = 16_384;

/** Whose a staged document is, what it will become there, and what its owner wants to know when it is published. */
export interface Target {
  readonly agent: number;
  readonly kind: string;
  readonly meta: object;
}

export interface StagedDocument {
  readonly key: string;
  readonly target: Target;
  readonly bytes: Uint8Array;
}

/**
 * Documents that were flushed and not yet closed: on disk, without effect. Publishing one deletes it in the batch that
 * makes the effect, so a crash between leaves it here, and at the next start it is published once.
 */
export class Staging {
  readonly #store: Store;
  #next = 1;
  #count = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What an earlier run left, in the order of staging. */
  async load(): Promise<StagedDocument[]> {
    const documents: StagedDocument[] = [];
    for await (const [key, value] of this.#store.range(within(stagePrefix))) {
      const { head, bytes } = unpack(value);
      documents.push({ key, target: head as Target, bytes });
      this.#next = Number(key.slice(stagePrefix.length)) + 1;
      this.#count++;
    }
    return documents;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Resolves with the key when it is on disk. With `key`, it takes the place of what is there. ENOSPC when too many
   * are staged.
   */
  async put(target: Target, bytes: Uint8Array, key?: string): Promise<string> {
    if (key === undefined && this.#count >= LIMIT)
      throw new Errno('ENOSPC', `${LIMIT} documents are open and unfinished`);
    const made = key ?? stagePrefix + numberText(this.#next++).padStart(12, '0');
    if (key === undefined) this.#count++;
    try {
      await this.#store.batch([put(made, pack(target, bytes))]);
    } catch (error) {
      if (key === undefined) this.#count--;
      throw error;
    }
    return made;
  }

  /** The operation that ends a stage: for the batch of its effect, or alone. Called once a key. */
  end(key: string): Operation {
    this.#count--;
    return del(key);
  }
}
