import { Errno } from '../../kernel/errno.ts';
import type { Operation, Range, Snapshot, Store } from './store.ts';

const inside = (key: string, range: Range): boolean =>
  (range.gte === undefined || key >= range.gte) &&
  (range.gt === undefined || key > range.gt) &&
  (range.lt === undefined || key < range.lt) &&
  (range.lte === undefined || key <= range.lte);

/** Everything in memory: gone with the process. Behaves as the durable engine does in all but that. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, Uint8Array>();
  #sorted: string[] | undefined = [];
  #closed = false;

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  async batch(operations: readonly Operation[]): Promise<void> {
    this.#check();
    // As on disk, a change shows only after the caller had to wait for it.
    await Promise.resolve();
    for (const operation of operations) {
      if (operation.type === 'put') {
        if (!this.#values.has(operation.key)) this.#sorted = undefined;
        this.#values.set(operation.key, operation.value);
      } else if (this.#values.delete(operation.key)) this.#sorted = undefined;
    }
  }

  async *range(range: Range): AsyncIterable<readonly [string, Uint8Array]> {
    this.#check();
    const entries = this.#select(range).map((key) => [key, this.#values.get(key)!] as const);
    yield* entries;
  }

  async *keys(range: Range): AsyncIterable<string> {
    this.#check();
    yield* this.#select(range);
  }

  snapshot(): Snapshot {
    this.#check();
    const copy = new MemoryStore();
    for (const [key, value] of this.#values) copy.#values.set(key, value);
    copy.#sorted = undefined;
    return copy;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #select(range: Range): string[] {
    this.#sorted ??= [...this.#values.keys()].sort((a, b) => (a < b ? -1 : 1));
    const keys = this.#sorted.filter((key) => inside(key, range));
    if (range.reverse === true) keys.reverse();
    return range.limit === undefined ? keys : keys.slice(0, range.limit);
  }

  #check(): void {
    if (this.#closed) throw new Errno('ESTALE', 'the store is closed');
  }
}
