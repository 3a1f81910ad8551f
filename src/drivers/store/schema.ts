import { Errno } from '../../kernel/errno.ts';
import { put, type Operation, type Store } from './store.ts';

export const versionKey = 'meta/version';

/** Brings a store from one version to the next; its operations are committed together with the new number. */
export type Migration = (store: Store) => Promise<Operation[]>;

/**
 * Checks the version of what is in the store before anybody reads it. An empty store gets `version`; an older one is
 * migrated a step at a time (`migrations[n]` leads from n to n + 1); anything else is ENOTSUP and nothing is touched.
 */
export const prepare = async (
  store: Store,
  version: number,
  migrations: Readonly<Record<number, Migration>> = {},
): Promise<void> => {
  const stored = store.get(versionKey);
  const mark = (number: number): Operation => put(versionKey, Buffer.from(`${number}\n`));
  if (!stored) {
    for await (const key of store.keys({ limit: 1 })) {
      throw new Errno('ENOTSUP', `the store has no version but holds '${key}': it is not ours`);
    }
    return store.batch([mark(version)]);
  }
  let found = Number(Buffer.from(stored).toString());
  while (found !== version) {
    const step = Number.isSafeInteger(found) && found < version ? migrations[found] : undefined;
    if (!step) throw new Errno('ENOTSUP', `the store has version ${found}, this program knows ${version}`);
    await store.batch([...(await step(store)), mark(++found)]);
  }
};
