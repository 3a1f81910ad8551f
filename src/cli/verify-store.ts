import { existsSync } from 'node:fs';
import { agentsPrefix, VERSION } from '../agent/keys.ts';
import { Trajectory } from '../agent/trajectory.ts';
import { LevelStore } from '../drivers/store/level.ts';
import { versionKey } from '../drivers/store/schema.ts';
import { within } from '../drivers/store/store.ts';
import { Errno } from '../kernel/errno.ts';
import { stateOf } from './state.ts';
import type { Kept } from './verify.ts';

const PIECE = 1024 * 1024;

type Open = (name: string, use: (kept: Kept) => Promise<void>) => Promise<void>;

/**
 * The trajectories in a state directory no server runs on, archived agents included; nothing is changed. EBUSY when one
 * runs. A store that lost something says so at the end: what a chain misses at its end may be that.
 */
export const withStore = async (
  state: string,
  agent: string | undefined,
  work: (names: readonly string[], signal: AbortSignal, open: Open) => Promise<number>,
): Promise<number> => {
  const { db } = stateOf(state, process.env);
  if (!existsSync(db)) throw new Errno('ENOENT', 'there is no store', { path: db });
  const store = await LevelStore.open(db);
  try {
    const version = Number(Buffer.from(store.get(versionKey) ?? []).toString() || NaN);
    if (version !== VERSION) {
      throw new Errno('ENOTSUP', `the store has version ${version}, this program knows ${VERSION}`, { path: db });
    }
    const ids = new Map<string, number>();
    for await (const [key, value] of store.range(within(agentsPrefix))) {
      const { name, archived } = row(value, key);
      ids.set(archived ?? name, Number(key.slice(agentsPrefix.length)));
    }
    const names = agent === undefined ? [...ids.keys()].sort() : [agent];
    const open: Open = async (name, use) => {
      const id = ids.get(name);
      if (id === undefined) throw new Errno('ENOENT', `no agent '${name}'`);
      // Nothing is dropped here: whoever looks for a change makes none.
      const { journal, chain } = await Trajectory.open(store, id, { limit: Infinity });
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < journal.size; at += PIECE) yield journal.read(at, PIECE);
      };
      await use({ path: `agents/${name}/logs/trajectory`, chain, size: journal.size, pieces: pieces() });
    };
    const code = await work(names, new AbortController().signal, open);
    if (store.damage !== undefined) throw new Errno('EBADMSG', store.damage, { path: db });
    return code;
  } finally {
    await store.close();
  }
};

const row = (value: Uint8Array, key: string): { name: string; archived?: string } => {
  try {
    return JSON.parse(Buffer.from(value).toString()) as { name: string; archived?: string };
  } catch (cause) {
    throw new Errno('EBADMSG', `the row ${key} is damaged`, { cause });
  }
};
