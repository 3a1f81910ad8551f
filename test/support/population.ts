import { LevelStore } from '../../src/drivers/store/level.ts';
import { put, within, type Operation } from '../../src/drivers/store/store.ts';
import { SystemClock } from '../../src/drivers/clock/system.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { Agents } from '../../src/agent/agents.ts';
import { agentKey, dataPrefix } from '../../src/agent/keys.ts';
import { operator } from '../../src/kernel/subject.ts';

/** Operations of one write, and agents that are read for one. */
const BATCH = 2_000;

export interface PopulationOptions {
  /** Messages that each of them has answered. */
  readonly answered?: number;
  readonly progress?: (done: number) => void;
}

/**
 * Fills a store with agents that sleep, `a0` to `aN`. The first is made, asked and put to sleep by the program's own
 * code; the others are what that one is, under their own numbers and names (docs/storage.md), which takes a thousandth of
 * the time and gives the same bytes.
 */
export const populate = async (
  directory: string,
  count: number,
  { answered = 1, progress = () => undefined }: PopulationOptions = {},
): Promise<void> => {
  const store = await LevelStore.open(directory);
  try {
    const agents = await Agents.open({ store, clock: new SystemClock(), models: new Models(new Offline()) });
    const first = await agents.define('a0', operator);
    for (let n = 0; n < answered; n++) {
      await first.ask(Buffer.from(`Hello, this is message ${n}.`), operator, new AbortController().signal);
      await first.settled(new AbortController().signal);
    }
    await first.hibernate('hibernate', operator);
    await agents.close();

    const row = JSON.parse(Buffer.from(store.get(agentKey(first.id))!).toString()) as object;
    const prefix = dataPrefix(first.id);
    const parts: [string, Uint8Array][] = [];
    for await (const [key, value] of store.range(within(prefix))) parts.push([key.slice(prefix.length), value]);
    let operations: Operation[] = [];
    for (let n = 1; n < count; n++) {
      const id = first.id + n;
      operations.push(put(agentKey(id), Buffer.from(JSON.stringify({ ...row, id, name: `a${n}` }))));
      for (const [rest, value] of parts) operations.push(put(dataPrefix(id) + rest, value));
      if (operations.length < BATCH) continue;
      await store.batch(operations, { sync: false });
      operations = [];
      progress(n);
    }
    await store.batch(operations);
  } finally {
    await store.close();
  }
};
