import { Piscina } from 'piscina';
import type { Outcome, Task } from './task.ts';

/** How long a thread stays with nothing to do, in milliseconds, and how many megabytes of objects it may have. */
const IDLE = 10_000;
const HEAP = 128;

/** Beside the bundle it is a bundle of its own (bin/build.mjs). */
const file = import.meta.url.endsWith('.cjs') ? './keys-worker.cjs' : './worker.ts';

/** The threads in which keys are used. */
export class Threads {
  readonly #pool: Piscina<Task, Outcome>;
  #broken: Error | undefined;

  /** `run`: what runs in them, beside this file. */
  constructor(serverKey: Uint8Array, width: number, run = file) {
    this.#pool = new Piscina({
      filename: new URL(run, import.meta.url).href,
      workerData: { serverKey },
      minThreads: 0,
      maxThreads: width,
      idleTimeout: IDLE,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
      // Nothing of the server's environment is needed there.
      env: {},
      recordTiming: false,
    });
    // A thread that cannot begin: what waits for it would wait for ever, and nothing comes of others.
    this.#pool.on('error', (error: Error) => {
      this.#broken ??= error;
      void this.#pool.destroy();
    });
  }

  /** A thread could not begin: nothing more is done here. */
  get broken(): boolean {
    return this.#broken !== undefined;
  }

  async run(task: Task): Promise<Outcome> {
    try {
      return await this.#pool.run(task);
    } catch (error) {
      throw this.#broken ?? error;
    }
  }

  /** Ends the threads, whatever they do. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
