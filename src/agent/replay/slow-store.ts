import type { Operation, Range, Snapshot, Store } from '../../drivers/store/store.ts';

/** Resolves when everything that can go on without it has done so. */
export const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store in which a commit takes a while, so that what happened during it in the recording can happen during it again. */
export class SlowStore implements Store {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(key: string): Uint8Array | undefined {
    return this.#store.get(key);
  }

  async batch(operations: readonly Operation[], options?: { sync?: boolean }): Promise<void> {
    await idle();
    await this.#store.batch(operations, options);
  }

  range(range: Range): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#store.range(range);
  }

  keys(range: Range): AsyncIterable<string> {
    return this.#store.keys(range);
  }

  snapshot(): Snapshot {
    return this.#store.snapshot();
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}
