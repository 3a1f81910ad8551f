import { Errno } from '../kernel/errno.ts';

interface Waiter {
  readonly resolve: (text: string) => void;
  readonly reject: (error: Errno) => void;
}

/** The reason of an abort as an error of ours: EINTR unless the signal says otherwise. */
export const interruption = (signal: AbortSignal): Errno =>
  signal.reason instanceof Errno ? signal.reason : new Errno('EINTR', undefined, { cause: signal.reason });

/** Who waits for the answer to which message. Only in memory: who waited is gone when the server is. */
export class Replies {
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** Aborting ends the waiting, nothing else. */
  wait(id: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(interruption(signal));
        return;
      }
      const waiters = this.#waiters.get(id) ?? new Set();
      const end = (): void => {
        signal.removeEventListener('abort', aborted);
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waiters.delete(id);
      };
      const waiter: Waiter = {
        resolve: (text) => {
          end();
          resolve(text);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const aborted = (): void => waiter.reject(interruption(signal));
      signal.addEventListener('abort', aborted, { once: true });
      waiters.add(waiter);
      this.#waiters.set(id, waiters);
    });
  }

  resolve(id: string, text: string): void {
    for (const waiter of [...(this.#waiters.get(id) ?? [])]) waiter.resolve(text);
  }

  reject(id: string, error: Errno): void {
    for (const waiter of [...(this.#waiters.get(id) ?? [])]) waiter.reject(error);
  }

  rejectAll(error: Errno): void {
    for (const id of [...this.#waiters.keys()]) this.reject(id, error);
  }
}
