import type { Store } from '../../drivers/store/store.ts';

const newline = 0x0a;

/** One exchange in a conversation: where its records begin, counted from the conversation's beginning for ever. */
interface Entry {
  readonly number: number;
  readonly key: string;
  readonly start: number;
  readonly size: number;
}

/** The log of one conversation, read by byte. Its records lie in the store, an exchange a value. */
export class Conversation {
  readonly name: string;
  readonly #store: Store;
  #entries: Entry[] = [];
  #end = 0;
  /** What readers see as 0. */
  #base = 0;
  #holds = 0;

  constructor(name: string, store: Store) {
    this.name = name;
    this.#store = store;
  }

  /** Numbers of the exchanges that are kept, ascending. */
  get numbers(): readonly number[] {
    return this.#entries.map(({ number }) => number);
  }

  get length(): number {
    return this.#entries.length;
  }

  get last(): number | undefined {
    return this.#entries.at(-1)?.number;
  }

  /** The newest first, at most `most`. */
  *newest(most: number): Iterable<number> {
    for (let at = this.#entries.length - 1; at >= 0 && most > 0; at--, most--) yield this.#entries[at]!.number;
  }

  /** Bytes a reader sees. Never shrinks while somebody holds the log. */
  get size(): number {
    return this.#end - this.#base;
  }

  /** Milliseconds: the time of the newest record. */
  get changed(): number | undefined {
    const last = this.#entries.at(-1);
    const value = last && this.#store.get(last.key);
    if (!value) return undefined;
    const lines = Buffer.from(value).toString().trimEnd();
    return Date.parse((JSON.parse(lines.slice(lines.lastIndexOf('\n') + 1)) as { time: string }).time);
  }

  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    this.#settle();
  }

  /** Bytes that went while the reader held the log read as newlines. */
  read(offset: number, count: number): Uint8Array {
    const start = this.#base + offset;
    const end = Math.min(start + count, this.#end);
    if (start >= end) return Buffer.alloc(0);
    const bytes = Buffer.alloc(end - start, newline);
    for (const entry of this.#entries) {
      if (entry.start >= end) break;
      if (entry.start + entry.size <= start) continue;
      const value = this.#store.get(entry.key);
      if (!value) continue;
      const from = Math.max(start, entry.start);
      const to = Math.min(end, entry.start + entry.size);
      bytes.set(value.subarray(from - entry.start, to - entry.start), from - start);
    }
    return bytes;
  }

  /** For `Conversations`: an exchange is on disk. */
  push(number: number, key: string, size: number): void {
    this.#entries.push({ number, key, start: this.#end, size });
    this.#end += size;
  }

  /** For `Conversations`: an exchange is gone. */
  drop(number: number): void {
    this.#entries = this.#entries.filter((entry) => entry.number !== number);
    this.#settle();
  }

  #settle(): void {
    if (this.#holds === 0) this.#base = this.#entries[0]?.start ?? this.#end;
  }
}
