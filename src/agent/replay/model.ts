import type { Model, Reply, Request, Usage } from '../../drivers/model/model.ts';
import { ModelError } from '../../drivers/model/model.ts';
import type { Call } from '../../drivers/model/model.ts';
import type { ModelFailure } from '../thinking.ts';
import type { Recorded } from './recorded.ts';

/** Gives the turns of a recording, each when its record is the next. */
export class RecordedModel implements Model {
  readonly name: string;
  readonly real: boolean;
  #asked: { request: Request; resolve: (reply: Reply) => void; reject: (error: ModelError) => void } | undefined;

  constructor(name: string, real: boolean) {
    this.name = name;
    this.real = real;
  }

  /** A call waits for its turn. Who cancelled it does not wait any more. */
  get asked(): boolean {
    return this.#asked !== undefined && !this.#asked.request.signal.aborted;
  }

  turn(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#asked = { request, resolve, reject };
    });
  }

  /** Ends the call that waits as the record says. */
  answer(record: Recorded): void {
    const { text, calls, usage, error } = record as {
      text?: string;
      calls?: Call[];
      usage?: Usage;
      error?: ModelFailure;
    };
    const asked = this.#asked!;
    this.#asked = undefined;
    if (error) {
      asked.reject(new ModelError(error.code, error.reason, { retryable: error.retryable }));
      return;
    }
    asked.request.onText(text ?? '');
    asked.resolve({ text: text ?? '', ...(calls ? { calls } : {}), usage: usage ?? { input: 0, output: 0 } });
  }
}
