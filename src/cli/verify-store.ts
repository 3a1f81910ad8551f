import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { agentsPrefix, VERSION } from '../agent/keys.ts';
import { Trajectory } from '../agent/trajectory.ts';
import { withCopy } from '../drivers/store/copy.ts';
import { LevelStore } from '../drivers/store/level.ts';
import { versionKey } from '../drivers/store/schema.ts';
import { within } from '../drivers/store/store.ts';
import { Errno } from '../kernel/errno.ts';
import { stateOf } from './state.ts';
import { untilSignal } from './until.ts';
import type { Kept } from './verify.ts';

const PIECE = 1024 * 1024;

type Open = (name: string, use: (kept: Kept) => Promise<void>) => Promise<void>;
type Work = (names: readonly string[], signal: AbortSignal, open: Open) => Promise<number>;

/**
 * The trajectories in a state directory no server runs on, archived agents included; a copy is looked at, so that nothing is
 * changed. EBUSY when one runs. A store that lost something says so at the end: what a chain misses at its end may be that.
 */
export const withStore = async (state: string, agent: string | undefined, work: Work): Promise<number> => {
  const { db } = stateOf(state, process.env);
  if (!existsSync(db)) throw new Errno('ENOENT', 'there is no store', { path: db });
  const interrupt = new AbortController();
  const { asked, release } = untilSignal();
  let caught: string | undefined;
  void asked.then((signal) => {
    caught = signal;
    interrupt.abort();
  });
  try {
    return await withCopy(db, interrupt.signal, (copy) => look(copy, db, agent, interrupt.signal, work));
  } catch (error) {
    if (caught !== undefined) return 128 + constants.signals[caught as NodeJS.Signals];
    throw error;
  } finally {
    release();
  }
};

const look = async (
  copy: string,
  db: string,
  agent: string | undefined,
  signal: AbortSignal,
  work: Work,
): Promise<number> => {
  const store = await opened(copy, db);
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
      if (signal.aborted) throw new Errno('EINTR');
      const id = ids.get(name);
      if (id === undefined) throw new Errno('ENOENT', `no agent '${name}'`);
      // Nothing is dropped here: whoever looks for a change makes none.
      const { journal, chain } = await Trajectory.open(store, id, { limit: Infinity });
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < journal.size; at += PIECE) {
          await setImmediate(); // without it a signal is not heard before the end
          if (signal.aborted) throw new Errno('EINTR');
          yield journal.read(at, PIECE);
        }
      };
      await use({ path: `agents/${name}/logs/trajectory`, chain, size: journal.size, pieces: pieces() });
    };
    const code = await work(names, signal, open);
    if (store.damage !== undefined) throw new Errno('EBADMSG', store.damage, { path: db });
    return code;
  } finally {
    await store.close();
  }
};

/** What LevelDB says names the files of the copy, which nobody can look at afterwards. */
const opened = async (copy: string, db: string): Promise<LevelStore> => {
  try {
    return await LevelStore.open(copy);
  } catch (error) {
    const { code, message } = Errno.ofSystem(error);
    throw new Errno(code, message.replaceAll(copy, db), { cause: error });
  }
};

const row = (value: Uint8Array, key: string): { name: string; archived?: string } => {
  try {
    return JSON.parse(Buffer.from(value).toString()) as { name: string; archived?: string };
  } catch (cause) {
    throw new Errno('EBADMSG', `the row ${key} is damaged`, { cause });
  }
};
