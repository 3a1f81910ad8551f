import { Errno } from '../kernel/errno.ts';
import { O_NONBLOCK, S_IFREG } from '../kernel/mode.ts';
import { POLLIN, type Attributes, type Awaitable, type File, type Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** One reader's place in what happens. It keeps a bounded backlog and tells of what it had to leave out. */
export interface Cursor {
  /** Whole records as they come; waits until there is one. EINTR when the signal aborts. */
  next(signal: AbortSignal): Promise<Uint8Array>;
  /** Is there something to take without waiting? If not, `wake` is called once when there is. */
  poll(wake?: () => void): boolean;
  close(): void;
}

/** Blocks until the next record; every open has its own cursor. */
export class Stream implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly #follow: (request: Request) => Cursor;
  readonly #stamp: Stamp;

  constructor(world: World, follow: (request: Request) => Cursor) {
    this.#follow = follow;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o444, 0);
  }

  open(flags: number, request: Request): Handle {
    return new StreamHandle(this.#follow(request), (flags & O_NONBLOCK) !== 0);
  }
}

class StreamHandle implements Handle {
  readonly #cursor: Cursor;
  readonly #nonblock: boolean;
  /** What a read took and its reader had no room for. */
  #rest: Uint8Array | undefined;

  constructor(cursor: Cursor, nonblock: boolean) {
    this.#cursor = cursor;
    this.#nonblock = nonblock;
  }

  read(_offset: number, count: number, request: Request): Awaitable<Uint8Array> {
    if (this.#rest) return this.#give(count);
    if ((this.#nonblock || request.nonblock) && !this.#cursor.poll()) throw new Errno('EAGAIN');
    return this.#cursor.next(request.signal).then((bytes) => {
      this.#rest = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes;
      // Who gave up meanwhile takes nothing: the record waits for the next read.
      if (request.aborted) throw new Errno('EINTR');
      return this.#give(count);
    });
  }

  #give(count: number): Uint8Array {
    const bytes = this.#rest!;
    this.#rest = bytes.length > count ? bytes.subarray(count) : undefined;
    return bytes.subarray(0, count);
  }

  poll(wake?: () => void): number {
    return this.#rest || this.#cursor.poll(wake) ? POLLIN : 0;
  }

  close(): void {
    this.#cursor.close();
  }
}
