import { Errno } from '../kernel/errno.ts';
import { O_NONBLOCK, S_IFREG } from '../kernel/mode.ts';
import { POLLIN, type Attributes, type File, type Handle } from '../kernel/node.ts';
import { Answer } from './answer.ts';
import { until } from './pending.ts';
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
    let waiting: Promise<void> | undefined;
    const begin = (): Promise<void> =>
      (waiting ??= this.#condition(closed.signal).then((text) => {
        answer = new Answer(text);
      }));
    return {
      read: (_offset, count, request) => {
        if (answer) return answer.take(count);
        const met = begin();
        if ((flags & O_NONBLOCK) !== 0 || request.nonblock) {
          met.catch(ignoreClose);
          throw new Errno('EAGAIN');
        }
        return until(met, request.signal).then(() => answer!.take(count));
      },
      poll: (wake) => {
        if (answer) return POLLIN;
        begin().then(wake, ignoreClose);
        return 0;
      },
      close: () => {
        waiting?.catch(ignoreClose);
        closed.abort(new Errno('EINTR'));
      },
    };
  }
}

/** A condition that ends because its file was closed has nobody left to tell. */
const ignoreClose = (): void => undefined;
