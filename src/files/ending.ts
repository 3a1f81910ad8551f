import { S_IFREG } from '../kernel/mode.ts';
import type { Attributes, File, Handle } from '../kernel/node.ts';
import { Await } from './await.ts';
import { bytesOf, Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** A text that is there from some moment on, and never another one. */
export interface EndingSource {
  /** undefined: it is not there yet. Throws why it never will be. */
  peek(): string | undefined;
  /** Waits until it is there. */
  wait(signal: AbortSignal): Promise<string>;
}

/** A file that appears at an end: a text from then on; opened by name before, its first read waits. */
export class Ending implements File {
  readonly kind = 'file';
  readonly #source: EndingSource;
  readonly #waiting: Await;
  readonly #stamp: Stamp;

  constructor(world: World, source: EndingSource) {
    this.#source = source;
    this.#waiting = new Await(world, (signal) => source.wait(signal));
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  get style(): 'direct' | 'stream' {
    return this.#there === undefined ? 'stream' : 'direct';
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o444, this.#there?.length ?? 0);
  }

  open(flags: number): Handle {
    const bytes = this.#there;
    if (!bytes) return this.#waiting.open(flags);
    return { read: (offset, count) => bytes.subarray(offset, offset + count) };
  }

  /** Where it never will be, who reads is told why. */
  get #there(): Uint8Array | undefined {
    try {
      const text = this.#source.peek();
      return text === undefined ? undefined : bytesOf(text);
    } catch {
      return undefined;
    }
  }
}
