import { Errno } from '../kernel/errno.ts';
import { del, put, within, type Operation, type Store } from '../drivers/store/store.ts';
import { Backlog, Chain, Cursor } from './cursor.ts';
import { line } from './record.ts';

/** Records of one stored value: one commit's, but no more than this many bytes and one record. */
const CHUNK = 65_536;
const newline = 0x0a;

interface Segment {
  readonly offset: number;
  lines: Buffer[];
  length: number;
  writing: boolean;
}

export interface JournalRecord {
  /** RFC 3339. */
  readonly time?: string;
  readonly [member: string]: unknown;
}

/** Whoever keeps account of the records of a journal: its operations go down in one batch with what they are about. */
export interface Account {
  /** A commit takes all that was appended so far. */
  taken(): Operation[];
  /** Everything up to the record with this line, without its newline, is dropped. */
  dropped(last: Buffer): Operation[];
}

export interface JournalOptions {
  /** Bytes kept; the oldest whole records go first. Default 16 MiB. */
  limit?: number;
  /** A record shows only once it is on disk: for what must not be seen and then forgotten. Default: it shows at once. */
  durable?: boolean;
  account?: Account;
}

/** What one commit carries of one journal. Exactly one of the two must be called, once. */
export interface Taken {
  readonly operations: Operation[];
  confirm(): void;
  fail(): void;
}

/**
 * An append-only log of JSON lines in the store, read by byte. Offsets count from the journal's beginning for ever
 * ("absolute"); a reader sees them less `base`, the first byte that is kept. Values lie under the offset they start at,
 * so any byte is found with one seek.
 */
export class Journal {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #limit: number;
  readonly #durable: boolean;
  readonly #account: Account | undefined;
  /** Absolute: what readers see as 0, the oldest byte stored, the end readers see, the end handed out. */
  #base = 0;
  #first = 0;
  #end = 0;
  #allocated = 0;
  #tail: Segment[] = [];
  #holds = 0;
  #trimming: Promise<void> | undefined;
  #running: Backlog | undefined;
  readonly #chain = new Chain();
  #closed = false;
  #time = '';
  readonly #listeners = new Set<(record: Uint8Array) => void>();
  readonly #cursors = new Set<Cursor>();

  private constructor(store: Store, prefix: string, options: JournalOptions) {
    this.#store = store;
    this.#prefix = prefix;
    this.#limit = options.limit ?? 16 * 1024 * 1024;
    this.#durable = options.durable ?? false;
    this.#account = options.account;
  }

  /** `prefix` ends in '/' and belongs to this journal alone. */
  static async open(store: Store, prefix: string, options: JournalOptions = {}): Promise<Journal> {
    const journal = new Journal(store, prefix, options);
    for await (const key of store.keys({ ...within(prefix), limit: 1 })) journal.#first = journal.#offset(key);
    for await (const [key, value] of store.range({ ...within(prefix), reverse: true, limit: 1 })) {
      journal.#end = journal.#offset(key) + value.length;
      journal.#time = timeOf(lastLine(value).toString());
    }
    journal.#base = journal.#first;
    journal.#allocated = journal.#end;
    return journal;
  }

  /** Bytes a reader sees. Never shrinks while somebody holds the journal. */
  get size(): number {
    return this.#end - this.#base;
  }

  /** Bytes that wait for a commit. */
  get waiting(): number {
    return this.#tail.reduce((sum, { length }) => sum + length, 0);
  }

  /** Milliseconds since the epoch: the `time` of the newest record, 0 without one. */
  get changed(): number {
    return this.#time === '' ? 0 : Date.parse(this.#time);
  }

  get followers(): number {
    return this.#cursors.size;
  }

  /** The last record on disk, without its newline; undefined for an empty journal. */
  async last(): Promise<string | undefined> {
    for await (const [, value] of this.#store.range({ ...within(this.#prefix), reverse: true, limit: 1 })) {
      return lastLine(value).toString();
    }
    return undefined;
  }

  /** Adds a record; it goes to disk with the next commit that takes from this journal. */
  append(record: JournalRecord): void {
    this.appendLine(line(record), record.time);
  }

  /** A line that was made with `line`, without its newline; `time` is its record's. */
  appendLine(text: string, time = this.#time): void {
    if (this.#closed) return;
    this.#time = time;
    const bytes = Buffer.from(`${text}\n`);
    let segment = this.#tail.at(-1);
    if (!segment || segment.writing || segment.length >= CHUNK) {
      segment = { offset: this.#allocated, lines: [], length: 0, writing: false };
      this.#tail.push(segment);
    }
    segment.lines.push(bytes);
    segment.length += bytes.length;
    this.#allocated += bytes.length;
    if (!this.#durable) this.#show(bytes);
  }

  /** Commits what waits, alone; resolves when it is on disk. */
  async flush(options: { sync?: boolean } = {}): Promise<void> {
    const taken = this.take();
    if (taken.operations.length === 0) return;
    try {
      await this.#store.batch(taken.operations, options);
    } catch (error) {
      taken.fail();
      throw error;
    }
    taken.confirm();
  }

  /** Everything that waits, for a batch that is about to be written. Batches must be written in the order of the takes. */
  take(): Taken {
    const segments = this.#tail.filter(({ writing }) => !writing);
    for (const segment of segments) segment.writing = true;
    return {
      operations: [
        ...segments.map(({ offset, lines }) => put(this.#key(offset), Buffer.concat(lines))),
        ...(segments.length > 0 ? (this.#account?.taken() ?? []) : []),
      ],
      confirm: () => {
        this.#tail = this.#tail.filter((segment) => !segments.includes(segment));
        if (this.#durable) for (const { lines } of segments) for (const bytes of lines) this.#show(bytes);
        this.#trim();
      },
      fail: () => {
        // A durable journal shows nothing of a commit that failed, ever; another one keeps it for the next commit.
        if (this.#durable) this.#forget(segments);
        else for (const segment of segments) segment.writing = false;
      },
    };
  }

  /** Drops what was appended since the last take. Only for a durable journal, which has not shown it. */
  rollback(): void {
    if (this.#durable) this.#forget(this.#tail.filter(({ writing }) => !writing));
  }

  /**
   * At most `count` bytes from `offset` as readers count; empty at the end. Bytes that were dropped while the reader
   * held the journal read as newlines. ESTALE after `close`.
   */
  read(offset: number, count: number): Uint8Array | Promise<Uint8Array> {
    return this.#slice(this.#base + offset, count);
  }

  #slice(start: number, count: number): Uint8Array | Promise<Uint8Array> {
    if (this.#closed) throw new Errno('ESTALE', 'what this log belongs to is gone');
    const end = Math.min(start + count, this.#end);
    if (start >= end) return Buffer.alloc(0);
    const bytes = Buffer.alloc(end - start, newline);
    const memory = this.#tail.filter((segment) => segment.offset < end && segment.offset + segment.length > start);
    for (const { offset, lines } of memory) copy(bytes, start, offset, Buffer.concat(lines));
    if ((this.#tail[0]?.offset ?? this.#end) <= start) return bytes;
    return this.#load(bytes, start);
  }

  /** Fills from the store. What is in memory is there already: it might reach the store, and leave memory, meanwhile. */
  async #load(bytes: Buffer, start: number): Promise<Uint8Array> {
    const range = within(this.#prefix);
    let from = range.gte;
    for await (const key of this.#store.keys({ gte: range.gte, lte: this.#key(start), reverse: true, limit: 1 }))
      from = key;
    for await (const [key, value] of this.#store.range({ gte: from, lt: this.#key(start + bytes.length) })) {
      copy(bytes, start, this.#offset(key), value);
    }
    return bytes;
  }

  /** While held, offsets a reader sees mean the same bytes and the size never shrinks. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    if (this.#holds > 0) return;
    this.#base = this.#first;
    this.#trim();
  }

  /** Hears every record that shows, with its newline. Must return at once. Returns the function that ends it. */
  subscribe(listener: (record: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** From here to `endRun`, records are kept for whoever follows from the running tick. */
  beginRun(): void {
    this.#running = new Backlog();
  }

  endRun(): void {
    this.#running = undefined;
  }

  /**
   * A live reader with a place of its own: from an offset (as readers count) through what is kept and on, from the
   * beginning of the tick that is running (else from now on), or from now on.
   */
  follow(from: number | 'running tick' | 'now'): Cursor {
    if (this.#closed) throw new Errno('ESTALE', 'what this log belongs to is gone');
    const start = typeof from === 'number' ? Math.max(this.#base + from, this.#first) : undefined;
    const backlog = from === 'running tick' ? this.#running?.copy() : undefined;
    const cursor: Cursor = new Cursor({
      backlog: backlog ?? new Backlog(),
      start,
      end: () => this.#end,
      read: (position, count) => this.#slice(Math.max(position, this.#first), count),
      first: () => this.#first,
      closed: () => this.#cursors.delete(cursor),
    });
    this.#cursors.add(cursor);
    return cursor;
  }

  /** What the journal belongs to is gone: followers get ESTALE. */
  close(): void {
    this.#closed = true;
    for (const cursor of [...this.#cursors]) cursor.end();
    this.#listeners.clear();
  }

  /** Resolves when no work of its own is under way. */
  async settled(): Promise<void> {
    await this.#trimming;
  }

  #show(bytes: Buffer): void {
    this.#end += bytes.length;
    const link = this.#chain.add(bytes);
    this.#running?.push(link);
    for (const listener of this.#listeners) listener(bytes);
    for (const cursor of this.#cursors) cursor.push(link);
  }

  #forget(segments: readonly Segment[]): void {
    this.#tail = this.#tail.filter((segment) => !segments.includes(segment));
    const last = this.#tail.at(-1);
    this.#allocated = last ? last.offset + last.length : this.#end;
  }

  /** Readers that hold the journal get as much again before what they hold goes, so that one of them cannot fill the disk. */
  #trim(): void {
    const kept = this.#limit * (this.#holds > 0 ? 2 : 1);
    if (this.#trimming || this.#closed || this.#end - this.#first <= kept + this.#limit / 16) return;
    const target = this.#end - kept;
    this.#trimming = this.#drop(target)
      // The log stays longer than it should; the next commit tries again.
      .catch(() => undefined)
      .finally(() => (this.#trimming = undefined));
  }

  async #drop(target: number): Promise<void> {
    const operations: Operation[] = [];
    let previous: string | undefined;
    let last: string | undefined;
    let first = this.#first;
    for await (const key of this.#store.keys(within(this.#prefix))) {
      const offset = this.#offset(key);
      if (offset > target) break;
      if (previous !== undefined) operations.push(del((last = previous)));
      previous = key;
      first = offset;
    }
    if (last === undefined) return;
    const value = this.#store.get(last);
    if (this.#account && value) operations.push(...this.#account.dropped(lastLine(value)));
    await this.#store.batch(operations, { sync: false });
    this.#first = first;
    if (this.#holds === 0) this.#base = first;
  }

  #key(offset: number): string {
    return this.#prefix + offset.toString().padStart(16, '0');
  }

  #offset(key: string): number {
    return Number(key.slice(this.#prefix.length));
  }
}

const lastLine = (value: Uint8Array): Buffer => {
  const bytes = Buffer.from(value);
  const end = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length;
  return bytes.subarray(end === 0 ? 0 : bytes.lastIndexOf(newline, end - 1) + 1, end);
};

/** The `time` of a record. A line that was damaged must not keep its journal from being opened. */
const timeOf = (line: string): string => {
  try {
    const { time } = JSON.parse(line) as { time?: unknown };
    return typeof time === 'string' && !Number.isNaN(Date.parse(time)) ? time : '';
  } catch {
    return ''; // whoever reads the log sees the line as it is
  }
};

/** Copies of `source`, which stands at absolute offset `at`, the part that falls into `target`, which stands at `start`. */
const copy = (target: Buffer, start: number, at: number, source: Uint8Array): void => {
  const from = Math.max(start, at);
  const to = Math.min(start + target.length, at + source.length);
  if (from < to) target.set(source.subarray(from - at, to - at), from - start);
};
