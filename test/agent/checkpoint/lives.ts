import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { operator } from '../../../src/kernel/subject.ts';
import { ManualClock } from '../../../src/drivers/clock/manual.ts';
import { Models } from '../../../src/drivers/model/model.ts';
import { Offline } from '../../../src/drivers/model/offline.ts';
import { MemoryStore } from '../../../src/drivers/store/memory.ts';
import { within } from '../../../src/drivers/store/store.ts';
import { Agents } from '../../../src/agent/agents.ts';
import type { Agent } from '../../../src/agent/agent.ts';
import { dataPrefix } from '../../../src/agent/keys.ts';
import { Works } from '../../../src/works.ts';
import { temporary } from '../../support/temporary.ts';
import { bytes, FragileStore, ScriptedModel } from '../support.ts';

/** A server with work/ directories that can die at any write and live again. */
export interface Lives {
  readonly directory: string;
  readonly clock: ManualClock;
  readonly model: ScriptedModel;
  store: FragileStore;
  agents: Agents;
  /** As after a crash. */
  reopen(): Promise<Agents>;
  agent(name: string): Promise<Agent>;
  keys(prefix: string): Promise<string[]>;
  write(path: string, text: string): void;
  read(path: string): string | undefined;
}

export const lives = async (t: ExecutionContext, model: 'offline' | 'scripted' = 'offline'): Promise<Lives> => {
  const directory = temporary(t);
  for (const part of ['work', 'checkpoints']) mkdirSync(join(directory, part));
  const inner = new MemoryStore();
  const clock = new ManualClock();
  const scripted = new ScriptedModel();
  const at = (path: string): string => join(directory, path);
  const open = async (): Promise<void> => {
    made.store = new FragileStore(inner);
    const failed = (name: string, error: unknown): void => t.fail(`${name}: ${(error as Error).message}`);
    const work = new Works({ work: at('work'), checkpoints: at('checkpoints'), failed });
    made.agents = await Agents.open({ store: made.store, clock, models: new Models(new Offline(), scripted), work });
    await work.sweep(made.agents);
  };
  const made: Lives = {
    directory,
    clock,
    model: scripted,
    store: undefined as unknown as FragileStore,
    agents: undefined as unknown as Agents,
    reopen: async () => {
      made.store.dead = true;
      await open();
      return made.agents;
    },
    agent: async (name) => {
      const found = await made.agents.load(name);
      if (!found) throw new Error(`no agent ${name}`);
      return found;
    },
    keys: async (prefix) => {
      const found: string[] = [];
      for await (const key of inner.keys(within(prefix))) found.push(key);
      return found;
    },
    write: (path, text) => {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
    },
    read: (path) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : undefined),
  };
  await open();
  t.teardown(() => made.agents.close());
  const ada = await made.agents.define('ada', operator, model);
  await ada.notes.write('a', bytes('one'));
  await ada.notes.write('b', bytes('kept'));
  made.write('work/ada/sub/file', 'one');
  return made;
};

/** Every note with its text. */
export const notes = ({ notes: kept }: Agent): Record<string, string> =>
  Object.fromEntries(kept.paths().map((path) => [path, Buffer.from(kept.read(path)).toString()]));

export const copies = (lives: Lives, id: number): Promise<string[]> => lives.keys(`${dataPrefix(id)}checkpoint/copy/`);
