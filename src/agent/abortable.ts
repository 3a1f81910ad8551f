/** As `work`, but rejects with the reason as soon as the signal aborts, whether or not `work` hears of it. */
export const abortable = <T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    // What comes after an abort goes nowhere: whoever waited has gone.
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', aborted));
  });
