import { del, put, within, type Operation, type Store } from '../drivers/store/store.ts';

/** A bounded collection of documents in the store, oldest first; names sort by time. */
export class Shelf {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #limit: () => number;
  readonly #names = new Set<string>();

  constructor(store: Store, prefix: string, limit: () => number) {
    this.#store = store;
    this.#prefix = prefix;
    this.#limit = limit;
  }

  async load(): Promise<void> {
    for await (const key of this.#store.keys(within(this.#prefix))) this.#names.add(key.slice(this.#prefix.length));
  }

  get size(): number {
    return this.#names.size;
  }

  names(): IterableIterator<string> {
    return this.#names.values();
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  get(name: string): Uint8Array | undefined {
    return this.#names.has(name) ? this.#store.get(this.#prefix + name) : undefined;
  }

  /** The operations that add one and drop what is too many; `apply` once they are committed tells what was dropped. */
  add(name: string, value: Uint8Array): { operations: Operation[]; apply: () => string[] } {
    const excess: string[] = [];
    const many = this.#names.size + (this.#names.has(name) ? 0 : 1) - this.#limit();
    for (const old of this.#names) {
      if (excess.length >= many) break;
      excess.push(old);
    }
    return {
      operations: [...excess.map((old) => del(this.#prefix + old)), put(this.#prefix + name, value)],
      apply: () => {
        for (const old of excess) this.#names.delete(old);
        this.#names.add(name);
        return excess;
      },
    };
  }

  remove(name: string): { operations: Operation[]; apply: () => void } {
    return { operations: [del(this.#prefix + name)], apply: () => void this.#names.delete(name) };
  }
}
