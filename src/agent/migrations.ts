import type { Migration } from '../drivers/store/schema.ts';
import { put, within, type Operation } from '../drivers/store/store.ts';
import { pendingPrefix } from './keys.ts';

/** `migrations[n]` leads from version n of the keys to n + 1. A step names its keys itself: those of today may have moved on. */
export const migrations: Readonly<Record<number, Migration>> = {
  /** Which agents have work is written down; it was found by loading every one. */
  1: async (store) => {
    const operations = new Map<string, Operation>();
    for await (const key of store.keys(within('data/'))) {
      const id = /^data\/(\d+)\/(inbox\/|run$)/.exec(key)?.[1];
      if (id !== undefined) operations.set(id, put(`${pendingPrefix}${id}`, Buffer.alloc(0)));
    }
    return [...operations.values()];
  },
};
