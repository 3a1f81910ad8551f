import type { Awaitable } from '../kernel/node.ts';

/** What `attempt` gives; `undo` first where it fails. */
export const otherwise = <T>(attempt: () => Awaitable<T>, undo: () => void): Awaitable<T> => {
  const failed = (error: unknown): never => {
    undo();
    throw error;
  };
  try {
    const result = attempt();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
};
