import type { Operation, Store } from '../drivers/store/store.ts';
import type { Journal } from './journal.ts';

/** One atomic batch: the operations, and what waits in the journals. */
export const commit = async (
  store: Store,
  operations: readonly Operation[],
  journals: readonly Journal[],
  options: { sync?: boolean } = {},
): Promise<void> => {
  const taken = journals.map((journal) => journal.take());
  try {
    await store.batch([...operations, ...taken.flatMap(({ operations }) => operations)], options);
  } catch (error) {
    for (const part of taken) part.fail();
    throw error;
  }
  for (const part of taken) part.confirm();
};
