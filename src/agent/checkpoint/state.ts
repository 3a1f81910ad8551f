import { Errno } from '../../kernel/errno.ts';
import { del, put, within, type Operation, type Snapshot, type Store } from '../../drivers/store/store.ts';
import { stateNames } from '../keys.ts';

/** Bytes and keys of one agent's state that are copied at most, and of one batch. */
const BYTES = 256 * 1024 * 1024;
const KEYS = 1_000_000;
const BATCH_BYTES = 1024 * 1024;
const BATCH = 1_000;

export interface StateSize {
  readonly keys: number;
  readonly bytes: number;
}

/** Writes in pieces, one after the other: the memory in use is one piece, and others write in between. */
class Pieces {
  readonly #store: Store;
  #operations: Operation[] = [];
  #bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(operation: Operation): Promise<void> {
    this.#operations.push(operation);
    if (operation.type === 'put') this.#bytes += operation.value.length;
    if (this.#operations.length >= BATCH || this.#bytes >= BATCH_BYTES) await this.end();
  }

  async end(): Promise<void> {
    const operations = this.#operations;
    this.#operations = [];
    this.#bytes = 0;
    if (operations.length > 0) await this.#store.batch(operations, { sync: false });
  }
}

/** The names below a prefix that are state: a value each, or a range. */
async function* stateKeys(from: Pick<Snapshot, 'keys'>, prefix: string): AsyncGenerator<string> {
  for (const name of stateNames) {
    yield* from.keys({ gte: prefix + name, lte: prefix + name });
    yield* from.keys(within(`${prefix}${name}/`));
  }
}

/**
 * Copies an agent's state from below one prefix to below another, where there is none yet. It is not on the medium
 * before the next commit that is. EFBIG, EINTR.
 */
export const copyState = async (
  from: Snapshot,
  source: string,
  store: Store,
  target: string,
  signal?: AbortSignal,
): Promise<StateSize> => {
  const pieces = new Pieces(store);
  let keys = 0;
  let bytes = 0;
  for (const name of stateNames) {
    for (const range of [{ gte: source + name, lte: source + name }, within(`${source}${name}/`)]) {
      for await (const [key, value] of from.range(range)) {
        if (signal?.aborted) throw new Errno('EINTR');
        keys++;
        bytes += value.length;
        if (bytes > BYTES || keys > KEYS) throw new Errno('EFBIG', `its state has more than ${BYTES} bytes`);
        await pieces.add(put(target + key.slice(source.length), value));
      }
    }
  }
  await pieces.end();
  return { keys, bytes };
};

/** Deletes the state below a prefix, and nothing else there. */
export const clearState = async (store: Store, prefix: string): Promise<void> => {
  const pieces = new Pieces(store);
  for await (const key of stateKeys(store, prefix)) await pieces.add(del(key));
  await pieces.end();
};

/** Deletes everything below a prefix that ends in '/'. */
export const erase = async (store: Store, prefix: string): Promise<void> => {
  const pieces = new Pieces(store);
  for await (const key of store.keys(within(prefix))) await pieces.add(del(key));
  await pieces.end();
};
