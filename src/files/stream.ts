import { Errno } from '../kernel/errno.ts';
import { O_NONBLOCK, S_IFREG } from '../kernel/mode.ts';
import { POLLIN, type Attributes, type Awaitable, type File, type Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** One reader's place in what happens. It keeps a bounded backlog and tells of what it had to leave out. */
export interface Feed {
  /** The next bytes, if they are there. */
  take(): Uint8Array | undefined;
  /** Resolves when take() may have something; rejects with EINTR when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** `wake` is called once when take() may have something. */
  wake(wake: () => void): void;
  close(): void;
}

/** Blocks until the next record; every open has its own cursor. */
export class Stream implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly #follow: (request: Request) => Feed;
  readonly #stamp: Stamp;

  constructor(world: World, follow: (request: Request) => Feed) {
    this.#follow = follow;
    this.#stamp = new Stamp(world);
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o444, 0);
  }

  open(flags: number, request: Request): Handle {
    return new StreamHandle(this.#follow(request), (flags & O_NONBLOCK) !== 0);
  }
}

class StreamHandle implements Handle {
  readonly #feed: Feed;
  readonly #nonblock: boolean;
  #rest: Uint8Array | undefined;

  constructor(feed: Feed, nonblock: boolean) {
    this.#feed = feed;
    this.#nonblock = nonblock;
  }

  read(_offset: number, count: number, request: Request): Awaitable<Uint8Array> {
    const ready = this.#take(count);
    if (ready) return ready;
    if (this.#nonblock || request.nonblock) throw new Errno('EAGAIN');
    return this.#next(count, request.signal);
  }

  async #next(count: number, signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      await this.#feed.wait(signal);
      const bytes = this.#take(count);
      if (bytes) return bytes;
    }
  }

  #take(count: number): Uint8Array | undefined {
    const bytes = this.#rest ?? this.#feed.take();
    this.#rest = bytes && bytes.length > count ? bytes.subarray(count) : undefined;
    return bytes?.subarray(0, count);
  }

  poll(wake?: () => void): number {
    this.#rest ??= this.#feed.take();
    if (this.#rest) return POLLIN;
    if (wake) this.#feed.wake(wake);
    return 0;
  }

  close(): void {
    this.#feed.close();
  }
}
