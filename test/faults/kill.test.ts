import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { SystemClock } from '../../src/drivers/clock/system.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { Agents } from '../../src/agent/agents.ts';
import { forever, records, text } from '../agent/support.ts';
import { Random } from './random.ts';

const ROUNDS = Number(process.env['WEFT_KILL_ROUNDS'] ?? 10);
const server = fileURLToPath(new URL('server.ts', import.meta.url));

/** Runs one life of the server, kills it after it printed `lines` lines, and returns all it printed. */
const live = async (directory: string, life: number, lines: number): Promise<string[]> => {
  const child = spawn(process.execPath, ['--import=tsx', server, directory, String(life)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (piece: string) => {
    output += piece;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the server ended by itself: ${signal ?? 'no signal'}`);
  // The last line may be half a line: what it would have acknowledged was not acknowledged.
  return output.split('\n').slice(0, -1);
};

test('killed at any moment: everything that was acknowledged happens, exactly once', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-kill-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const random = new Random();
  t.log(`WEFT_SEED=${random.seed}`);
  const acknowledged = new Set<string>();
  const notes = new Map<string, string[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const line of await live(directory, round, 20 + random.below(600))) {
      const [what, ...rest] = line.split(' ');
      if (what === 'staged' || what === 'accepted' || what === 'closed') acknowledged.add(rest[0]!);
      if (what === 'note') {
        const key = `${rest[0]!} ${rest[1]!}`;
        notes.set(key, [...(notes.get(key) ?? []), rest[2]!]);
      }
    }
  }
  t.true(acknowledged.size > ROUNDS * 5, String(acknowledged.size));

  const store = await LevelStore.open(directory);
  const agents = await Agents.open({ store, clock: new SystemClock(), models: new Models(new Offline()) });
  t.teardown(async () => {
    await agents.close();
    await store.close();
  });
  const effects = new Map<string, number>();
  for (const { name } of agents.list()) {
    const agent = (await agents.load(name))!;
    t.is(await agent.settled(forever()), 'idle');
    for (const { text } of await records(agent.outbox.log)) {
      // What was killed between its two flushes is `half`: that may act too, and then nothing else was acknowledged of it.
      const id = /“message (\S+) \.*:end”/.exec(text as string)?.[1];
      if (id !== undefined) effects.set(id, (effects.get(id) ?? 0) + 1);
      else t.regex(text as string, /“half”/);
    }
    t.is(agent.dead.size, 0);
    t.is(agent.inbox.size, 0);
    t.is(await agent.trajectory.verify(), undefined);
    const { first, last } = agent.ticks;
    for (let tick = first; tick <= last; tick++) t.truthy(agent.tickRecord(tick), `tick ${tick} of ${agent.name}`);
  }
  for (const id of acknowledged) t.is(effects.get(id), 1, `effects of ${id}`);
  for (const [id, count] of effects) t.is(count, 1, `effects of ${id}`);
  for (const [key, ids] of notes) {
    const [name, path] = key.split(' ');
    // The newest that was acknowledged, or one that was on its way when the last life ended.
    const value = text((await agents.load(name!))!.notes.read(path!));
    t.true(value === ids.at(-1) || !ids.includes(value), `${key}: ${value}, not ${ids.at(-1)!}`);
  }
  const log = await records(agents.log);
  t.deepEqual(
    log.map(({ seq }) => seq),
    log.map((_, index) => (log[0]!['seq'] as number) + index),
  );
});
