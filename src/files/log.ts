import { S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** An append-only history of bytes. */
export interface History {
  /** Bytes that can be read now; never shrinks while somebody holds it. */
  readonly size: number;
  /** Milliseconds of the last record; absent: a change is dated when it is first seen. */
  readonly changed?: number | undefined;
  read(offset: number, count: number): Awaitable<Uint8Array>;
  hold(): void;
  release(): void;
}

/** Seekable history that never blocks: `tail -f`, `grep` and `wc -l` work on it. */
export class Log implements File {
  readonly kind = 'file';
  readonly #history: History;
  readonly #stamp: Stamp;
  #seen = -1;

  constructor(world: World, history: History) {
    this.#history = history;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    const { size, changed } = this.#history;
    if (size !== this.#seen) {
      this.#seen = size;
      this.#stamp.touch(changed);
    }
    return this.#stamp.attributes(S_IFREG | 0o444, size);
  }

  open(): Handle {
    const history = this.#history;
    history.hold();
    return {
      read: (offset: number, count: number) => history.read(offset, count),
      close: () => history.release(),
    };
  }
}
