import test from 'ava';
import { setFlagsFromString } from 'node:v8';
import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { operator } from '../../src/kernel/subject.ts';
import { ManualClock } from '../../src/drivers/clock/manual.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { MemoryStore } from '../../src/drivers/store/memory.ts';
import { Agents } from '../../src/agent/agents.ts';
import { bytes, forever, records, world } from './support.ts';

const MINUTE = 60_000;

test('hibernate and wake, each a record with from, to and who asked', async (t) => {
  const { ada } = await world(t);
  await ada.hibernate('hibernate', operator);
  t.is(ada.state, 'hibernated');
  t.is(await ada.settled(forever()), 'idle');
  await ada.hibernate('hibernate', operator);
  await ada.wake(operator);
  await ada.wake(operator);
  t.is(ada.state, 'idle');
  const turns = (await records(ada.trajectory.journal)).slice(1);
  t.like(turns[0], { type: 'transition', from: 'idle', to: 'hibernated', cause: 'hibernate', by: 'operator' });
  t.like(turns[1], { type: 'transition', from: 'hibernated', to: 'idle', cause: 'wake', by: 'operator' });
  t.is(turns.length, 2);
});

test('what is legal: no sleep with work, while working, paused or failed; a sleeper can be paused, not resumed awake', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const answer = ada.ask(bytes('x'), operator, forever());
  await model.called();
  await t.throwsAsync(ada.hibernate('hibernate', operator), { code: 'EBUSY' });
  await model.answer('y');
  await answer;
  await ada.hibernate('hibernate', operator);
  await ada.resume(operator);
  t.is(ada.state, 'hibernated');
  await ada.pause(operator);
  t.is(ada.state, 'paused');
  await t.throwsAsync(ada.hibernate('hibernate', operator), { code: 'EINVAL' });
  await t.throwsAsync(ada.wake(operator), { code: 'EINVAL' });
  await ada.inbox.accept(bytes('later'), { origin: operator });
  await t.throwsAsync(ada.hibernate('hibernate', operator), { code: 'EINVAL' });
  ada.fail('it broke');
  await t.throwsAsync(ada.wake(operator), { code: 'EINVAL' });
});

test('an agent sleeps by itself after ten minutes with nothing to do, and no earlier', async (t) => {
  const { ada, agents, clock } = await world(t);
  clock.advance(9 * MINUTE);
  await ada.ask(bytes('still there?'), operator, forever());
  clock.advance(9 * MINUTE);
  await agents.sync();
  t.is(ada.state, 'idle');
  clock.advance(2 * MINUTE);
  await agents.sync();
  await setImmediate();
  t.is(ada.state, 'hibernated');
  t.is(agents.row('ada')!.shown, 'hibernated');
  t.like((await records(ada.trajectory.journal)).at(-1), { to: 'hibernated', cause: 'idleness', by: 'system' });
});

test('a message and a tick wake a sleeper, also one that is not in memory; looking does not', async (t) => {
  const { ada, agents, reopen } = await world(t);
  await ada.hibernate('hibernate', operator);
  await agents.close();
  const again = await reopen();
  t.is(again.get('ada'), undefined);
  t.is(again.index()[0]!.state, 'hibernated');
  const loaded = (await again.load('ada'))!;
  t.is(loaded.state, 'hibernated');
  t.is(again.get('ada'), loaded);
  t.regex(await loaded.ask(bytes('good morning'), operator, forever()), /good morning/);
  t.is(loaded.state, 'idle');
  await loaded.hibernate('hibernate', operator);
  await loaded.tick('now', operator);
  t.is(await loaded.settled(forever()), 'idle');
  t.is(loaded.state, 'idle');
  t.is(await loaded.trajectory.verify(), undefined);
});

test('what arrived in its sleep just before a crash wakes it at the next start', async (t) => {
  const { ada, store, reopen } = await world(t, 'scripted');
  await ada.hibernate('hibernate', operator);
  await ada.inbox.accept(bytes('are you there?'), { origin: operator });
  store.dead = true;
  const again = await reopen();
  const loaded = again.get('ada')!;
  t.is(loaded.inbox.size, 1);
  t.is(loaded.state, 'working');
});

const collect = async (): Promise<void> => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    await setImmediate();
    gc();
  }
};

test('memory holds no more agents than the bound and those somebody holds, and never two of one', async (t) => {
  const agents = await Agents.open({
    store: new MemoryStore(),
    clock: new ManualClock(),
    models: new Models(new Offline()),
    residents: 3,
  });
  t.teardown(() => agents.close());
  const names = Array.from({ length: 40 }, (_, n) => `a${n}`);
  for (const name of names) await agents.define(name, operator);
  const held = (await agents.load('a7'))!;
  for (const name of names) await (await agents.load(name))!.ask(bytes(`hello ${name}`), operator, forever());
  await collect();
  t.true(agents.loaded <= 4, String(agents.loaded));
  t.is(await agents.load('a7'), held);
  const [one, two] = await Promise.all([agents.load('a20'), agents.load('a20')]);
  t.is(one, two);
  t.is(one!.outbox.size, 1);
  t.is(agents.row('a20')!.tick, 1);
  // What only waited for somebody's commit went to disk before it went from memory.
  one!.refused('x', new Error('told'));
  t.is(await one!.trajectory.verify(), undefined);
});
