import type { Model, Reply, Request } from '../../src/drivers/model/model.ts';

export interface SlowOptions {
  readonly pieces: readonly string[];
  /** Milliseconds before each piece. */
  readonly every: number;
  /** It does not hear that it is to stop, and goes on to its end. */
  readonly deaf?: boolean;
}

/** A model that takes its time, as one at the other end of a network does. */
export class SlowModel implements Model {
  readonly name = 'slow';
  readonly real = false;
  readonly #options: SlowOptions;

  constructor(options: SlowOptions) {
    this.#options = options;
  }

  async turn({ signal, onText }: Request): Promise<Reply> {
    const { pieces, every, deaf = false } = this.#options;
    for (const piece of pieces) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, every);
        if (deaf) return;
        const stop = (): void => {
          clearTimeout(timer);
          reject(signal.reason as Error);
        };
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      });
      onText(piece);
    }
    return { text: pieces.join(''), usage: { input: 1, output: pieces.length } };
  }
}
