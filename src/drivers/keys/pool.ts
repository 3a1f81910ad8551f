import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Errno } from '../../kernel/errno.ts';
import type { Keys, Names, SealedKey } from './keys.ts';
import type { Outcome, Task, TaskResults } from './task.ts';
import type { Threads } from './threads.ts';

/** Tasks that wait for a thread; beyond it EAGAIN. A message has up to 1 MiB, so bytes are bounded too. */
const WAITING = 1_024;
const WAITING_BYTES = 64 * 1024 * 1024;

interface Job {
  readonly task: Task;
  readonly size: number;
  settle(outcome: Promise<Outcome>): void;
  fail(error: Errno): void;
}

const sizeOf = (task: Task): number => {
  switch (task.do) {
    case 'sign':
    case 'verify':
      return task.message.length;
    case 'encrypt':
      return task.message.length * 2;
    case 'decrypt':
      return task.ciphertext.length * 2;
    default:
      return 0;
  }
};

/**
 * Keys in threads of their own, started when first needed and ended when idle: nothing of it is loaded before. Who gives
 * up hears it at once: what waited is not done at all, what a thread has begun is finished for nobody (milliseconds;
 * ending the thread would cost more).
 */
export class KeyPool implements Keys {
  readonly mark: string;
  readonly #serverKey: Uint8Array;
  readonly #width = Math.max(1, Math.min(2, availableParallelism() - 1));
  readonly #waiting = new Set<Job>();
  #bytes = 0;
  #running = 0;
  #threads: Promise<Threads> | undefined;
  #closed = false;

  /** The server key, 32 bytes; shared memory, so that closing wipes it everywhere. It is the pool's from here on. */
  constructor(serverKey: Uint8Array) {
    this.#serverKey = serverKey;
    this.mark = createHmac('sha256', Uint8Array.from(serverKey)).update('weft server key').digest('hex');
  }

  generate(agents: readonly number[], signal: AbortSignal): Promise<Uint8Array[]> {
    return this.#do({ do: 'generate', agents }, signal);
  }

  names(key: SealedKey, signal: AbortSignal): Promise<Names> {
    return this.#do({ do: 'names', key }, signal);
  }

  sign(key: SealedKey, message: Uint8Array, signal: AbortSignal): Promise<string> {
    return this.#do({ do: 'sign', key, message }, signal);
  }

  verify(pubkey: string, signature: string, message: Uint8Array, signal: AbortSignal): Promise<boolean> {
    return this.#do({ do: 'verify', pubkey, signature, message }, signal);
  }

  encrypt(key: SealedKey, recipient: string, message: string, signal: AbortSignal): Promise<string> {
    return this.#do({ do: 'encrypt', key, recipient, message }, signal);
  }

  decrypt(key: SealedKey, sender: string, ciphertext: string, signal: AbortSignal): Promise<string> {
    return this.#do({ do: 'decrypt', key, sender, ciphertext }, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting) job.fail(ended());
    try {
      await (await this.#threads)?.close();
    } finally {
      this.#serverKey.fill(0);
    }
  }

  #do<D extends Task['do']>(task: Task & { do: D }, signal: AbortSignal): Promise<TaskResults[D]> {
    const size = sizeOf(task);
    if (signal.aborted) return Promise.reject(given(signal));
    if (this.#closed) return Promise.reject(ended());
    if (this.#waiting.size >= WAITING || this.#bytes + size > WAITING_BYTES) {
      return Promise.reject(new Errno('EAGAIN', `${this.#waiting.size} requests to the keys wait already`));
    }
    return new Promise<TaskResults[D]>((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', stop);
        if (this.#waiting.delete(job)) this.#bytes -= size;
      };
      const stop = (): void => job.fail(given(signal));
      const job: Job = {
        task,
        size,
        fail: (error) => {
          leave();
          reject(error);
        },
        settle: (outcome) =>
          void outcome.then(
            (done) => {
              leave();
              if ('code' in done) reject(new Errno(done.code, done.message));
              else resolve(done.result as TaskResults[D]);
            },
            (error: unknown) => job.fail(this.#closed ? ended() : failed(error)),
          ),
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.add(job);
      this.#bytes += size;
      this.#next();
    });
  }

  #next(): void {
    for (const job of this.#waiting) {
      if (this.#running >= this.#width) return;
      this.#waiting.delete(job);
      this.#bytes -= job.size;
      this.#running++;
      const outcome = this.#run(job.task);
      job.settle(outcome);
      const done = (): void => {
        this.#running--;
        this.#next();
      };
      outcome.then(done, done);
    }
  }

  async #run(task: Task): Promise<Outcome> {
    this.#threads ??= import('./threads.ts').then(({ Threads }) => new Threads(this.#serverKey, this.#width));
    const threads = await this.#threads;
    try {
      return await threads.run(task);
    } finally {
      // The next request tries with others.
      if (threads.broken) this.#threads = undefined;
    }
  }
}

const ended = (): Errno => new Errno('ESTALE', 'the server ends');

const given = (signal: AbortSignal): Errno =>
  signal.reason instanceof Errno ? signal.reason : new Errno('EINTR', undefined, { cause: signal.reason });

/** A thread that died, or could not be started. */
const failed = (error: unknown): Errno => new Errno('EIO', `the keys' thread: ${(error as Error).message}`);
