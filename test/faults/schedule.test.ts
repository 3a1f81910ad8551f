import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ManualClock } from '../../src/drivers/clock/manual.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { Agents } from '../../src/agent/agents.ts';
import { forever, records } from '../agent/support.ts';

const ROUNDS = Number(process.env['WEFT_KILL_ROUNDS'] ?? 5);
const server = fileURLToPath(new URL('schedule-server.ts', import.meta.url));

/** One life of the server, killed after it told so many messages. */
const live = async (directory: string, lines: number): Promise<string[]> => {
  const child = spawn(process.execPath, ['--import=tsx', server, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (piece: string) => {
    output += piece;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the server ended by itself: ${signal ?? 'no signal'}`);
  return output.split('\n').slice(0, -1);
};

test('killed at any moment: each due time has one message at most, each message one answer, and none is lost', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-due-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const told = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const line of await live(directory, 3 + Math.floor(Math.random() * 60))) {
      const [what, name, id] = line.split(' ');
      if (what === 'due') told.add(`${name!} ${id!}`);
    }
  }
  const store = await LevelStore.open(directory);
  const clock = new ManualClock(Date.now());
  const agents = await Agents.open({ store, clock, models: new Models(new Offline()) });
  t.teardown(async () => {
    await agents.close();
    await store.close();
  });
  const answers = new Map<string, number>();
  for (const { name } of agents.list()) {
    const agent = (await agents.load(name))!;
    // What came due while nobody was there is one message a schedule: then every one has a time that is yet to come.
    while (agent.schedules.coming(1).some(({ time }) => time! <= clock.now())) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
    t.is(await agent.settled(forever()), 'idle');
    for (const { in_reply_to: id } of await records(agent.outbox.log)) {
      const key = `${agent.name} ${id as string}`;
      answers.set(key, (answers.get(key) ?? 0) + 1);
    }
    t.deepEqual(
      agent.errors.list().filter(({ path }) => path.startsWith('schedule')),
      [],
    );
    t.is(agent.inbox.size, 0);
    t.is(agent.dead.size, 0);
  }
  t.true(told.size >= ROUNDS, String(told.size));
  for (const [id, count] of answers) t.is(count, 1, id);
  // Every message belongs to one due time; two of one time would have one id.
  for (const id of told) t.is(answers.get(id), 1, id);
});
