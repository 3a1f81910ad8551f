import { Errno } from './errno.ts';

/** Waits for a promise no longer than a signal allows; EINTR then. The promise itself goes on. */
export const until = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = (): void => reject(new Errno('EINTR'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    // Also where nobody waits any more: a promise that fails unheard would end the process.
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
