import { setImmediate } from 'node:timers/promises';
import type { Document, Staged } from '../../src/files/document.ts';
import type { History } from '../../src/files/log.ts';
import type { Item, QueueSource } from '../../src/files/queue.ts';
import type { Cursor } from '../../src/files/stream.ts';
import type { ValuesSource } from '../../src/files/values.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { userName } from '../../src/kernel/name.ts';
import type { Awaitable } from '../../src/kernel/node.ts';

/** Small real sources for the kinds of file, in memory. `slow` ones answer in a later turn of the loop, as a store does. */
export interface Pace {
  slow?: boolean;
}

const at = <T>(pace: Pace, act: () => T): Awaitable<T> => (pace.slow ? setImmediate().then(act) : act());

const text = (content: Uint8Array): string => Buffer.from(content).toString();

/** A document that must not hold the word `bad`, and not be empty where `empty` is false. Counts what happens to it. */
export class MemoryDocument implements Document {
  readonly limit: number;
  readonly counts = { staged: 0, dropped: 0, published: 0 };
  readonly #pace: Pace;
  readonly #empty: boolean;
  readonly #waiting: (() => void)[] = [];
  content: string;

  constructor(content = '', options: Pace & { limit?: number; empty?: boolean } = {}) {
    this.content = content;
    this.limit = options.limit ?? 1000;
    this.#empty = options.empty ?? true;
    this.#pace = options;
  }

  /** Resolves when so many documents were published. */
  async published(count: number): Promise<void> {
    while (this.counts.published < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  load(): Awaitable<Uint8Array> {
    return at(this.#pace, () => Buffer.from(this.content));
  }

  stage(content: Uint8Array): Awaitable<Staged> {
    return at(this.#pace, () => {
      const next = text(content);
      check(next, this.#empty);
      this.counts.staged++;
      return {
        publish: () =>
          at(this.#pace, () => {
            this.content = next;
            this.counts.published++;
            for (const wake of this.#waiting.splice(0)) wake();
            return undefined;
          }),
        drop: () =>
          at(this.#pace, () => {
            this.counts.dropped++;
          }),
      };
    });
  }
}

const check = (content: string, empty: boolean): void => {
  if (content.includes('bad')) throw new Errno('EINVAL', 'it says bad');
  if (!empty && content === '') throw new Errno('EINVAL', 'it is empty');
};

/** What the kinds `new` and `sink` make: requests that were published get the numbers 1, 2, 3. */
export class Maker {
  readonly made: string[] = [];
  readonly counts = { staged: 0, dropped: 0 };
  readonly #pace: Pace;

  constructor(pace: Pace = {}) {
    this.#pace = pace;
  }

  stage = (content: Uint8Array): Awaitable<Staged> =>
    at(this.#pace, () => {
      const request = text(content);
      check(request, false);
      this.counts.staged++;
      return {
        publish: () => at(this.#pace, () => String(this.made.push(request))),
        drop: () =>
          at(this.#pace, () => {
            this.counts.dropped++;
          }),
      };
    });
}

/** A history that grows and is trimmed only while nobody holds it. */
export class MemoryHistory implements History {
  #bytes = Buffer.alloc(0);
  #holders = 0;
  readonly #most: number;

  constructor(most = 1000) {
    this.#most = most;
  }

  get size(): number {
    return this.#bytes.length;
  }

  get holders(): number {
    return this.#holders;
  }

  append(line: string): void {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(line)]);
    if (this.#holders === 0) this.#bytes = this.#bytes.subarray(Math.max(0, this.#bytes.length - this.#most));
  }

  read(offset: number, count: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + count);
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
  }
}

/** Records as they come, to every cursor that is open. */
export class Records {
  readonly cursors = new Set<RecordCursor>();

  follow = (): Cursor => {
    const cursor = new RecordCursor(this);
    this.cursors.add(cursor);
    return cursor;
  };

  add(record: string): void {
    for (const cursor of this.cursors) cursor.add(record);
  }
}

class RecordCursor implements Cursor {
  readonly #records: Records;
  readonly #waiting: Uint8Array[] = [];
  #wakes: (() => void)[] = [];

  constructor(records: Records) {
    this.#records = records;
  }

  add(record: string): void {
    this.#waiting.push(Buffer.from(record));
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }

  async next(signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      const record = this.#waiting.shift();
      if (record) return record;
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => reject(new Errno('EINTR'));
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop, { once: true });
        this.#wakes.push(() => {
          signal.removeEventListener('abort', stop);
          resolve();
        });
      });
    }
  }

  poll(wake?: () => void): boolean {
    if (this.#waiting.length > 0) return true;
    if (wake) this.#wakes.push(wake);
    return false;
  }

  close(): void {
    this.#records.cursors.delete(this);
  }
}

/** A queue as an inbox keeps it: a name is a key while it waits and afterwards. */
export class MemoryQueue implements QueueSource {
  readonly limit: number;
  readonly waiting = new Map<string, MemoryItem>();
  readonly #taken = new Map<string, MemoryItem>();
  readonly #now: () => number;
  readonly #pace: Pace;

  constructor(now: () => number, options: Pace & { limit?: number } = {}) {
    this.#now = now;
    this.limit = options.limit ?? 100;
    this.#pace = options;
  }

  pending(): Iterable<string> {
    return this.waiting.keys();
  }

  find(name: string): Item | undefined {
    const taken = this.#taken.get(name);
    return this.waiting.get(name) ?? (taken && this.#now() - taken.took < 60_000 ? taken : undefined);
  }

  stage(name: string, content: Uint8Array): Awaitable<Staged> {
    return at(this.#pace, () => {
      if (!userName.test(name)) throw new Errno('EINVAL', `not a name: ${name}`);
      const next = text(content);
      check(next, false);
      const before = this.#keyed(name);
      if (before && before.text !== next) throw new Errno('EEXIST', `${name} says something else`);
      return {
        publish: () =>
          at(this.#pace, () => {
            if (!this.#keyed(name)) this.waiting.set(name, new MemoryItem(next, this.#now()));
            return undefined;
          }),
        drop: () => undefined,
      };
    });
  }

  #keyed(name: string): MemoryItem | undefined {
    const taken = this.#taken.get(name);
    return this.waiting.get(name) ?? (taken && this.#now() - taken.took < 600_000 ? taken : undefined);
  }

  discard(name: string): Awaitable<void> {
    if (!this.waiting.delete(name)) throw new Errno('ENOENT', `${name} does not wait`);
  }

  /** The first in order, as a tick takes it. */
  take(): string {
    const [name, item] = [...this.waiting][0]!;
    item.took = this.#now();
    this.waiting.delete(name);
    this.#taken.set(name, item);
    return item.text;
  }
}

class MemoryItem implements Item {
  readonly text: string;
  readonly at: number;
  took = 0;

  constructor(content: string, now: number) {
    this.text = content;
    this.at = now;
  }

  get size(): number {
    return Buffer.byteLength(this.text);
  }

  content(): Uint8Array {
    return Buffer.from(this.text);
  }
}

/** Notes: values with names that the user gives, and directories of them. */
export class MemoryValues implements ValuesSource {
  readonly limit = 1000;
  /** Paths; a directory has undefined. */
  readonly files = new Map<string, string | undefined>();
  readonly #pace: Pace;

  constructor(files: Record<string, string | undefined> = {}, pace: Pace = {}) {
    for (const [path, content] of Object.entries(files)) this.files.set(path, content);
    this.#pace = pace;
  }

  accepts(name: string): boolean {
    return userName.test(name);
  }

  *list(path: string): Iterable<{ name: string; directory: boolean }> {
    for (const [key, content] of this.files) {
      const name = key.slice(path === '' ? 0 : path.length + 1);
      if (key.startsWith(path === '' ? '' : `${path}/`) && !name.includes('/'))
        yield { name, directory: content === undefined };
    }
  }

  find(path: string): { directory: boolean; changed: number } | undefined {
    return this.files.has(path)
      ? { directory: this.files.get(path) === undefined, changed: 1_600_000_000_000 }
      : undefined;
  }

  load(path: string): Awaitable<Uint8Array | undefined> {
    return at(this.#pace, () => {
      const content = this.files.get(path);
      return content === undefined ? undefined : Buffer.from(content);
    });
  }

  stage(path: string, content: Uint8Array): Awaitable<Staged> {
    return at(this.#pace, () => {
      const next = text(content);
      check(next, true);
      return {
        publish: () =>
          at(this.#pace, () => {
            this.files.set(path, next);
            return undefined;
          }),
        drop: () => undefined,
      };
    });
  }

  mkdir(path: string): Awaitable<void> {
    if (path.split('/').length > 3) throw new Errno('EINVAL', 'three deep at most');
    return at(this.#pace, () => void this.files.set(path, undefined));
  }

  remove(path: string): Awaitable<void> {
    return at(this.#pace, () => {
      if ([...this.files.keys()].some((key) => key.startsWith(`${path}/`))) throw new Errno('ENOTEMPTY');
      if (!this.files.delete(path)) throw new Errno('ENOENT');
    });
  }

  rename(path: string, newPath: string): Awaitable<void> {
    return at(this.#pace, () => {
      for (const [key, content] of [...this.files]) {
        if (key !== path && !key.startsWith(`${path}/`)) continue;
        this.files.delete(key);
        this.files.set(newPath + key.slice(path.length), content);
      }
    });
  }
}
