/** One change. Keys are ASCII, so that every engine sorts them alike. The value must not be changed after it was handed over. */
export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

export interface Range {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** The store as it was at one moment, whatever is written since. Held until `close`: nothing it shows can be given back. */
export interface Snapshot {
  get(key: string): Uint8Array | undefined;
  range(range: Range): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  keys(range: Range): AsyncIterable<string>;
  close(): Promise<void>;
}

/**
 * An ordered map of keys to bytes, owned by one process. All members but `get` fail with EIO (ENOSPC when the disk is
 * full) when the medium does, and with ESTALE after `close`.
 */
export interface Store {
  /** The committed value, without waiting; undefined when there is none. What a batch changes shows once it resolved. */
  get(key: string): Uint8Array | undefined;
  /**
   * All of it or nothing, in the order of the calls: a later batch is never on disk without an earlier one. With `sync`
   * (the default) it is on the medium when the promise resolves, and everything before it too; without, it is handed on
   * soon and rides with the next that has it. EAGAIN when more is waiting than the bound of the queue.
   */
  batch(operations: readonly Operation[], options?: { sync?: boolean }): Promise<void>;
  /** The entries of a range in key order, as they were when the iteration began. */
  range(range: Range): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** As `range`, without the values. */
  keys(range: Range): AsyncIterable<string>;
  /** Everything that is committed now, for reads of several ranges that must agree. ESTALE after `close`. */
  snapshot(): Snapshot;
  /** Waits for what was handed in. */
  close(): Promise<void>;
}

export const put = (key: string, value: Uint8Array): Operation => ({ type: 'put', key, value });
export const del = (key: string): Operation => ({ type: 'del', key });

/** All keys that begin with a prefix ending in '/': '0' is the character after it. */
export const within = (prefix: string): { gte: string; lt: string } => ({ gte: prefix, lt: `${prefix.slice(0, -1)}0` });
