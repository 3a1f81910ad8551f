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

  constructor(serverKey: Uint8Array, width: number) {
    this.#pool = new Piscina({
      filename: new URL(file, import.meta.url).href,
      workerData: { serverKey },
      minThreads: 0,
      maxThreads: width,
      idleTimeout: IDLE,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
      // Nothing of the server's environment is needed there.
      env: {},
      recordTiming: false,
    });
  }

  run(task: Task): Promise<Outcome> {
    return this.#pool.run(task);
  }

  /** Ends the threads, whatever they do. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
