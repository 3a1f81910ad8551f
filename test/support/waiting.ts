import { O_APPEND, O_TRUNC, S_IFREG } from '../../src/kernel/mode.ts';
import type { Changes } from '../../src/kernel/changes.ts';
import { POLLIN, type Attributes, type File, type Handle } from '../../src/kernel/node.ts';
import { nextQid } from '../../src/kernel/qid.ts';
import type { Request } from '../../src/kernel/request.ts';
import { attributes } from './nodes.ts';

/** Small real files whose reads wait, whose closes act late, or whose attributes may be cached. */

/** Waits for a condition that something else tells it to look at again. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const look of [...this.#waiting]) look();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** A value, or EINTR when the request is interrupted first. */
const interruptible = <T>(request: Request, start: (give: (value: T) => void) => () => void): Promise<T> =>
  new Promise((resolve, reject) => {
    const aborted = (): void => {
      stop();
      reject(request.signal.reason as Error);
    };
    const stop = start((value) => {
      request.signal.removeEventListener('abort', aborted);
      resolve(value);
    });
    if (request.aborted) aborted();
    else request.signal.addEventListener('abort', aborted, { once: true });
  });

/** Every reader waits for the next record; what is written is the next record. */
export class StreamFile implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly qid = nextQid();
  readonly mode = S_IFREG | 0o666;
  readonly bell = new Bell();
  readonly #readers = new Set<(record: Buffer) => void>();
  readonly #wakes = new Set<() => void>();
  handles = 0;
  polls = 0;
  #ended = false;

  get readers(): number {
    return this.#readers.size;
  }

  /** Wake-ups that are armed. */
  get wakes(): number {
    return this.#wakes.size;
  }

  stat(): Attributes {
    return attributes(this.qid, this.mode);
  }

  push(text: string): void {
    const record = Buffer.from(text);
    if (this.#readers.size === 0) this.#pending.push(record);
    for (const give of [...this.#readers]) give(record);
    for (const wake of [...this.#wakes]) wake();
    this.#wakes.clear();
  }

  /** Readers get the end of the file from now on. */
  end(): void {
    this.#ended = true;
    for (const give of [...this.#readers]) give(Buffer.alloc(0));
  }

  readonly #pending: Buffer[] = [];

  open(): Handle {
    this.handles++;
    this.bell.ring();
    return {
      read: (_offset, _count, request) => {
        const ready = this.#pending.shift();
        if (ready) return ready;
        if (this.#ended) return Buffer.alloc(0);
        return interruptible<Buffer>(request, (give) => {
          const take = (record: Buffer): void => {
            this.#readers.delete(take);
            give(record);
            this.bell.ring();
          };
          this.#readers.add(take);
          this.bell.ring();
          return () => {
            this.#readers.delete(take);
            this.bell.ring();
          };
        });
      },
      write: (_offset, data) => {
        this.push(Buffer.from(data).toString());
        return data.length;
      },
      // As the kinds do it: a wake-up is kept only where nothing holds now.
      poll: (wake) => {
        const ready = this.#pending.length > 0;
        if (wake && !ready) this.#wakes.add(wake);
        this.polls++;
        this.bell.ring();
        return ready ? POLLIN : 0;
      },
      close: () => {
        this.handles--;
        this.bell.ring();
      },
    };
  }
}

/** A document: the last close publishes what was written, some turns of the loop later. */
export class LateDocument implements File {
  readonly kind = 'file';
  readonly qid = nextQid();
  readonly mode = S_IFREG | 0o644;
  content = Buffer.from('old\n');
  publishing = 0;

  stat(): Attributes {
    return attributes(this.qid, this.mode, this.content.length);
  }

  open(flags: number): Handle {
    let own = flags & O_TRUNC ? Buffer.alloc(0) : this.content;
    let dirty = (flags & O_TRUNC) !== 0;
    return {
      read: (offset, count) => own.subarray(offset, offset + count),
      write: (offset, data) => {
        const at = flags & O_APPEND ? own.length : offset;
        own = Buffer.concat([own], Math.max(own.length, at + data.length));
        own.set(data, at);
        dirty = true;
        return data.length;
      },
      truncate: (size) => {
        own = Buffer.concat([own.subarray(0, size)], size);
        dirty = true;
      },
      publish: async () => {
        if (!dirty) return;
        this.publishing++;
        for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
        this.content = own;
        this.publishing--;
      },
    };
  }
}

/** A file the kernel may cache: changes are announced. */
export class CachedFile implements File {
  readonly kind = 'file';
  readonly cached = true;
  readonly qid = nextQid();
  readonly mode = S_IFREG | 0o644;
  stats = 0;
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  set(text: string, changes: Changes): void {
    this.#text = text;
    changes.attributes(this.qid);
  }

  stat(): Attributes {
    this.stats++;
    return attributes(this.qid, this.mode, Buffer.byteLength(this.#text));
  }

  open(): Handle {
    const shown = Buffer.from(this.#text);
    return { read: (offset, count) => shown.subarray(offset, offset + count) };
  }
}
