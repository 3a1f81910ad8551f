/** The signals that mean: end in order. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens from now on, so that a signal during the start is not lost. `asked` resolves with the first one; `release`
 * gives the signals back to Node, which then ends the process at once.
 */
export const untilSignal = (): { readonly asked: Promise<string>; readonly release: () => void } => {
  let release!: () => void;
  const asked = new Promise<string>((resolve) => {
    const listen = (signal: string): void => resolve(signal);
    for (const signal of signals) process.on(signal, listen);
    release = () => {
      for (const signal of signals) process.off(signal, listen);
    };
  });
  return { asked, release };
};
