import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { Errno } from '../../kernel/errno.ts';
import type { Operation, Range, Snapshot, Store } from './store.ts';

interface Waiting {
  readonly operations: readonly Operation[];
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Errno) => void;
}

type Reading = Range & { readonly snapshot?: ReturnType<Level<string, Uint8Array>['snapshot']> };

/** Batches that may wait for the disk. */
const QUEUE = 65_536;
/**
 * Bytes that gather in memory before they become a table. Messages and ticks' marks are written and soon deleted again: with
 * LevelDB's own 4 MiB most of them were sorted into tables and out of them again, which halved the ticks a second.
 */
const BUFFER = 32 * 1024 * 1024;
/** Operations of one write: more would hold up whoever comes behind it. */
const GROUP = 10_000;
/** Entries an iteration fetches at one time, at most, and bytes: each time it waits for another thread. */
const PIECE = 1_024;
const PIECE_BYTES = 262_144;

/**
 * LevelDB in a directory. Everything that waits goes down in one write with one fsync (group commit), because an fsync
 * costs the same for one message and for three hundred. One write is under way at a time, which keeps the order.
 */
export class LevelStore implements Store {
  /** What LevelDB could not read of its log when it was opened and left out, in words; undefined when all is there. */
  readonly damage: string | undefined;
  /** Batches that are written, and the writes they went down in. */
  readonly written = { batches: 0, writes: 0 };
  readonly #db: Level<string, Uint8Array>;
  #queue: Waiting[] = [];
  #writing = false;
  #closed = false;
  #idle: (() => void)[] = [];

  private constructor(db: Level<string, Uint8Array>, damage: string | undefined) {
    this.#db = db;
    this.damage = damage;
  }

  /** EBUSY, naming the process where the system tells it, when another one has the directory open (`shown` in its words). */
  static async open(directory: string, shown = directory): Promise<LevelStore> {
    const db = new Level<string, Uint8Array>(directory, {
      keyEncoding: 'utf8',
      valueEncoding: 'buffer',
      writeBufferSize: BUFFER,
    });
    try {
      await db.open();
    } catch (error) {
      const cause = (error as Error).cause as (Error & { code?: string }) | undefined;
      if (cause?.code !== 'LEVEL_LOCKED') throw failure(cause ?? error);
      throw await inUse(shown, cause);
    }
    return new LevelStore(db, await lost(directory));
  }

  get(key: string): Uint8Array | undefined {
    return this.#db.getSync(key);
  }

  batch(operations: readonly Operation[], { sync = true }: { sync?: boolean } = {}): Promise<void> {
    if (this.#closed) return Promise.reject(new Errno('ESTALE', 'the store is closed'));
    if (this.#queue.length >= QUEUE) return Promise.reject(new Errno('EAGAIN', `${QUEUE} writes wait for the disk`));
    return new Promise((resolve, reject) => {
      this.#queue.push({ operations, sync, resolve, reject });
      // What need not be durable lets the rest of this turn of the loop catch up, and mostly shares its write.
      if (sync) queueMicrotask(() => void this.#write());
      else setImmediate(() => void this.#write());
    });
  }

  range(range: Range): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#range(range);
  }

  keys(range: Range): AsyncIterable<string> {
    return this.#keys(range);
  }

  snapshot(): Snapshot {
    this.#check();
    const snapshot = this.#db.snapshot();
    return {
      get: (key) => this.#db.getSync(key, { snapshot }),
      range: (range) => this.#range({ ...range, snapshot }),
      keys: (range) => this.#keys({ ...range, snapshot }),
      close: () => snapshot.close(),
    };
  }

  async *#range(range: Reading): AsyncIterable<readonly [string, Uint8Array]> {
    this.#check();
    const iterator = this.#db.iterator({ ...range, highWaterMarkBytes: PIECE_BYTES });
    try {
      for (;;) {
        const entries = await iterator.nextv(PIECE);
        if (entries.length === 0) return;
        yield* entries;
      }
    } finally {
      await iterator.close();
    }
  }

  async *#keys(range: Reading): AsyncIterable<string> {
    this.#check();
    const iterator = this.#db.keys({ ...range, highWaterMarkBytes: PIECE_BYTES });
    try {
      for (;;) {
        const keys = await iterator.nextv(PIECE);
        if (keys.length === 0) return;
        yield* keys;
      }
    } finally {
      await iterator.close();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#writing || this.#queue.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#db.close();
  }

  #check(): void {
    if (this.#closed) throw new Errno('ESTALE', 'the store is closed');
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    while (this.#queue.length > 0) {
      const group = this.#take();
      try {
        await this.#put(group);
        this.written.batches += group.length;
        this.written.writes++;
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(failure(error));
      }
    }
    this.#writing = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** A chained batch: it takes each operation as it is, at a tenth of what `batch(array)` costs, which copies every one. */
  async #put(group: readonly Waiting[]): Promise<void> {
    const batch = this.#db.batch();
    for (const { operations } of group) {
      for (const operation of operations) {
        if (operation.type === 'put') batch.put(operation.key, operation.value);
        else batch.del(operation.key);
      }
    }
    if (batch.length > 0) await batch.write({ sync: group.some(({ sync }) => sync) });
    else await batch.close();
  }

  #take(): Waiting[] {
    let count = 0;
    let size = 0;
    while (count < this.#queue.length && (count === 0 || size < GROUP)) size += this.#queue[count++]!.operations.length;
    const group = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return group;
  }
}

/** LevelDB reports a full disk only in words (`IO error: ...: No space left on device`, env_posix.cc). */
const failure = (error: unknown): Errno => {
  const message = error instanceof Error ? error.message : 'the store failed';
  return new Errno(message.includes('No space left') ? 'ENOSPC' : 'EIO', message, { cause: error });
};

/** Bytes of LevelDB's own log that are looked through: it is made anew at each open. */
const WORDS = 1024 * 1024;

/**
 * LevelDB goes on without what does not match its checksum, and tells only its own log (`LogReporter` in db_impl.cc). An end
 * that a crash left half written is not told there.
 */
const lost = async (directory: string): Promise<string | undefined> => {
  let text: string;
  try {
    text = (await readFile(join(directory, 'LOG'), 'utf8')).slice(-WORDS);
  } catch {
    return undefined; // it could not write one: then there is nothing to know
  }
  const dropped = [...text.matchAll(/: dropping (\d+) bytes; Corruption: (.*)$/gm)];
  if (dropped.length === 0) return undefined;
  const bytes = dropped.reduce((sum, [, count]) => sum + Number(count), 0);
  return `the store lost ${bytes} bytes of its newest writes: ${dropped[0]![2]!}`;
};

/** The EBUSY of a directory that is open. */
export const inUse = async (directory: string, cause?: Error): Promise<Errno> => {
  const pid = await holder(join(directory, 'LOCK'));
  const who = pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`;
  return new Errno('EBUSY', `the store ${directory} is in use by ${who}`, { cause });
};

/** Who holds the lock on a file: proc_locks(5), `1: POSIX ADVISORY WRITE PID MAJOR:MINOR:INODE START END`. */
export const holder = async (path: string): Promise<number | undefined> => {
  try {
    const [{ ino }, locks] = await Promise.all([stat(path), readFile('/proc/locks', 'utf8')]);
    const line = locks.split('\n').find((line) => line.split(/\s+/)[5]?.endsWith(`:${ino}`));
    const pid = Number(line?.split(/\s+/)[4]);
    return pid > 0 ? pid : undefined;
  } catch {
    // No /proc here, or the lock went away meanwhile: the sentence does without the number.
    return undefined;
  }
};
