import { Errno } from '../kernel/errno.ts';
import { O_NONBLOCK, S_IFREG } from '../kernel/mode.ts';
import { POLLIN, type Attributes, type File, type Handle } from '../kernel/node.ts';
import { until } from '../kernel/until.ts';
import { Answer } from './answer.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** Open returns at once; the first read blocks until the condition holds, then shows a snapshot and ends. */
export class Await implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly #condition: (signal: AbortSignal) => Promise<string>;
  readonly #stamp: Stamp;

  /** `condition` resolves with the text to show; it ends when its signal aborts, which is when the file is closed. */
  constructor(world: World, condition: (signal: AbortSignal) => Promise<string>) {
    this.#condition = condition;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o444, 0);
  }

  open(flags: number): Handle {
    const closed = new AbortController();
    let answer: Answer | undefined;
    let failure: { error: unknown } | undefined;
    let waiting: Promise<void> | undefined;
    // Never rejects: a failure is kept for the reader, who may come after it.
    const begin = (): Promise<void> =>
      (waiting ??= this.#condition(closed.signal).then(
        (text) => {
          answer = new Answer(text);
        },
        (error: unknown) => {
          failure = { error };
        },
      ));
    const show = (count: number): Uint8Array => {
      if (failure) throw failure.error;
      return answer!.take(count);
    };
    return {
      read: (_offset, count, request) => {
        const met = begin();
        if (answer || failure) return show(count);
        if ((flags & O_NONBLOCK) !== 0 || request.nonblock) throw new Errno('EAGAIN');
        return until(met, request.signal).then(() => show(count));
      },
      poll: (wake) => {
        const met = begin();
        if (answer || failure) return POLLIN;
        if (wake) void met.then(wake);
        return 0;
      },
      close: () => closed.abort(new Errno('EINTR')),
    };
  }
}
