import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { SystemClock } from '../../src/drivers/clock/system.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { within } from '../../src/drivers/store/store.ts';
import { Agents } from '../../src/agent/agents.ts';
import { copyPrefix, dataPrefix, unfinishedPrefix } from '../../src/agent/keys.ts';
import { Works } from '../../src/works.ts';
import { temporary } from '../support/temporary.ts';

/** Lets it run until the write of that number is handed in, and kills it there. */
const killed = async (t: ExecutionContext, directory: string, verb: string, after: number): Promise<void> => {
  const child = spawn(process.execPath, ['--import=tsx', 'test/faults/checkpoint-child.ts', directory, verb], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let left = after;
  for await (const line of createInterface({ input: child.stdout })) {
    t.false(line.startsWith('failed'), line);
    if (line === 'batch' && --left === 0) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  t.is(child.signalCode, 'SIGKILL');
};

/** What is there now, looked at by another process: what the agent and its directory are made of. */
const look = async (t: ExecutionContext, directory: string): Promise<string> => {
  const store = await LevelStore.open(join(directory, 'db'));
  try {
    const failed = (name: string): void => t.fail(name);
    const work = new Works({ work: join(directory, 'work'), checkpoints: join(directory, 'checkpoints'), failed });
    const agents = await Agents.open({ store, clock: new SystemClock(), models: new Models(new Offline()), work });
    await work.sweep(agents);
    const ada = (await agents.load('ada'))!;
    const seen = new Set<string>();
    t.is(ada.notes.paths().length, 40);
    for (const path of ada.notes.paths()) seen.add(Buffer.from(ada.notes.read(path)).toString());
    const files = join(directory, 'work/ada');
    t.is(readdirSync(files).length, 40);
    for (const name of readdirSync(files)) seen.add(readFileSync(join(files, name), 'utf8'));
    t.is(await ada.trajectory.verify(), undefined);
    const all = await ada.checkpoints.list();
    t.deepEqual(readdirSync(join(directory, 'checkpoints/00000001')).sort(), all.map(({ key }) => key).sort());
    const copies = new Set<string>();
    for await (const key of store.keys(within(`${dataPrefix(1)}checkpoint/copy/`))) copies.add(key.split('/')[4]!);
    t.deepEqual([...copies].sort(), all.map(({ key }) => key).sort());
    for (const { key, state } of all) {
      let count = 0;
      for await (const _ of store.keys(within(copyPrefix(1, key)))) count++;
      t.is(count, state.keys);
    }
    for await (const key of store.keys(within(unfinishedPrefix))) t.fail(key);
    await agents.close();
    t.is(seen.size, 1, 'notes and work/ are of one and the same moment');
    return [...seen][0]!.slice(0, 1);
  } finally {
    await store.close();
  }
};

for (const verb of ['restore', 'checkpoint']) {
  test(`kill -9 in the middle of ${verb}: before it or after it, the state and work/ alike`, async (t) => {
    t.timeout(180_000);
    const directory = temporary(t);
    for (const part of ['work', 'checkpoints']) mkdirSync(join(directory, part));
    for (const after of [1, 4, 9, 15, 26]) {
      await killed(t, directory, verb, after);
      t.true(['x', 'y'].includes(await look(t, directory)));
    }
  });
}
