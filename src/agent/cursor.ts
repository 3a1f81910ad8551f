import { Errno } from '../kernel/errno.ts';
import { interruption } from './replies.ts';

/** Records a slow reader may be behind (tree.md, Limits), and their bytes. */
const RECORDS = 1_000;
const BYTES = 4 * 1024 * 1024;
/** What one read of a cursor returns at most, but for a record that is longer. */
const PIECE = 65_536;
/** Wakes that wait: a poller that asks again and again without news would pile them up. */
const WAKES = 256;

/** A record and the one that came after it: who is behind holds the oldest it has not read, and so all that follow. */
export interface Link {
  readonly record: Uint8Array;
  next: Link | undefined;
}

/** Links records as they come; it keeps the last one only. What thousands of slow readers wait for is there once. */
export class Chain {
  #last: Link | undefined;

  add(record: Uint8Array): Link {
    const link: Link = { record, next: undefined };
    if (this.#last) this.#last.next = link;
    this.#last = link;
    return link;
  }
}

/** The newest records in order; when there are too many the oldest go and are counted. */
export class Backlog {
  #oldest: Link | undefined;
  #count = 0;
  #bytes = 0;
  #gap = 0;

  get empty(): boolean {
    return this.#count === 0;
  }

  /** Every link of one chain, from some one on, in its order. */
  push(link: Link): void {
    this.#oldest ??= link;
    this.#count++;
    this.#bytes += link.record.length;
    while (this.#count > RECORDS || this.#bytes > BYTES) {
      this.#shift();
      this.#gap++;
    }
  }

  /** Whole records, the gap record first where there is one. Empty when nothing waits. */
  take(): Uint8Array {
    const pieces: Uint8Array[] = this.#gap > 0 ? [Buffer.from(`{"gap":${this.#gap}}\n`)] : [];
    this.#gap = 0;
    let size = 0;
    while (this.#oldest && (size === 0 || size + this.#oldest.record.length <= PIECE)) {
      size += this.#oldest.record.length;
      pieces.push(this.#shift());
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  copy(): Backlog {
    const copy = new Backlog();
    copy.#oldest = this.#oldest;
    copy.#count = this.#count;
    copy.#bytes = this.#bytes;
    copy.#gap = this.#gap;
    return copy;
  }

  #shift(): Uint8Array {
    const { record, next } = this.#oldest!;
    this.#oldest = --this.#count > 0 ? next : undefined;
    this.#bytes -= record.length;
    return record;
  }
}

interface Source {
  readonly backlog: Backlog;
  /** Absolute offset to catch up from; undefined: live at once. */
  readonly start: number | undefined;
  end(): number;
  first(): number;
  read(position: number, count: number): Uint8Array | Promise<Uint8Array>;
  closed(): void;
}

/** One reader of the live records of a journal. */
export class Cursor {
  readonly #source: Source;
  #position: number | undefined;
  #ended = false;
  #finished = false;
  #reading: Promise<unknown> | undefined;
  readonly #wakes = new Set<() => void>();

  constructor(source: Source) {
    this.#source = source;
    this.#position = source.start;
  }

  /** True when `next` has something to return, or the end to tell, without waiting for a new record. */
  get ready(): boolean {
    return this.#ended || this.#finished || !this.#source.backlog.empty || this.#behind;
  }

  get #behind(): boolean {
    return this.#position !== undefined && this.#position < this.#source.end();
  }

  /** Whole records as they come; waits until there is one, empty when it was finished. EINTR when the signal aborts, ESTALE when the journal is gone. */
  async next(signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      if (this.#ended) throw new Errno('ESTALE', 'what this log belongs to is gone');
      if (signal.aborted) throw interruption(signal);
      if (this.#reading) await this.#reading;
      else if (this.#behind) {
        const bytes = await this.#catchUp();
        if (bytes.length > 0) return bytes;
      } else if (!this.#source.backlog.empty) return this.#source.backlog.take();
      else if (this.#finished) return Buffer.alloc(0);
      else await this.#wait(signal);
    }
  }

  /** Tells whether it is ready; if not, `wake` is called once when it becomes so. */
  poll(wake?: () => void): boolean {
    if (this.ready) return true;
    if (wake) {
      // A wake without a reason is allowed: whoever polls looks again.
      if (this.#wakes.size >= WAKES) this.#wake();
      this.#wakes.add(wake);
    }
    return false;
  }

  close(): void {
    this.end();
  }

  /** For the journal: a new record shows. */
  push(record: Link): void {
    // While it catches up, what is new will be read from the journal like the rest.
    if (this.#position === undefined) this.#source.backlog.push(record);
    this.#wake();
  }

  /** No more will come: who reads gets what waits and then the end. */
  finish(): void {
    this.#finished = true;
    this.#source.closed();
    this.#wake();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#source.closed();
    this.#wake();
  }

  /** From the journal up to where its end is now; whoever reaches the end goes on with the backlog. */
  async #catchUp(): Promise<Uint8Array> {
    const position = Math.max(this.#position!, this.#source.first());
    const reading = Promise.resolve(this.#source.read(position, PIECE * 2));
    // Others only wait for its end; who reads is told of a failure below.
    this.#reading = reading.catch(() => undefined);
    try {
      const bytes = await reading;
      const last = bytes.lastIndexOf(0x0a) + 1;
      this.#position = position + last;
      if (this.#position >= this.#source.end()) this.#position = undefined;
      return bytes.subarray(0, last);
    } finally {
      this.#reading = undefined;
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#wakes.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.#wakes.add(done);
    });
  }

  #wake(): void {
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }
}
