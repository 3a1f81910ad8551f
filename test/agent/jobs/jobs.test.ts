import test, { type ExecutionContext } from 'ava';
import { agent as agentSubject, operator } from '../../../src/kernel/subject.ts';
import { SystemClock } from '../../../src/drivers/clock/system.ts';
import { Models } from '../../../src/drivers/model/model.ts';
import { Offline } from '../../../src/drivers/model/offline.ts';
import { MemoryStore } from '../../../src/drivers/store/memory.ts';
import { put } from '../../../src/drivers/store/store.ts';
import type { Agent } from '../../../src/agent/agent.ts';
import { Agents } from '../../../src/agent/agents.ts';
import { runKey } from '../../../src/agent/keys.ts';
import type { Tool } from '../../../src/agent/tools.ts';
import { SlowModel } from '../../support/slow-model.ts';
import { all, bytes, forever, world } from '../support.ts';

const by = { origin: operator };
const statuses = (ada: Agent): string[] => [...ada.jobs.ids()].map((id) => ada.jobs.head(id)!.status);

/** Resolves when something holds, looked at whenever the agent changes. */
const when = async (ada: Agent, holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise<void>((resolve) => void ada.onChange(resolve));
};

interface Slow {
  readonly ada: Agent;
  readonly agents: Agents;
}

const slow = async (t: ExecutionContext, models: Models, tools: readonly Tool[] = []): Promise<Slow> => {
  const agents = await Agents.open({ store: new MemoryStore(), clock: new SystemClock(), models, tools });
  t.teardown(() => agents.close());
  return { agents, ada: await agents.define('ada', operator) };
};

for (const deaf of [false, true]) {
  test(`cancel in a call of a ${deaf ? 'deaf' : 'slow'} model: under 100 ms, what was said stays, the agent is idle`, async (t) => {
    const pieces = Array.from({ length: 100 }, (_, n) => `${n} `);
    const { ada } = await slow(t, new Models(new SlowModel({ pieces, every: 5, deaf })));
    const answer = t.throwsAsync(ada.ask(bytes('count'), operator, forever()), { code: 'ECANCELED' });
    await new Promise<void>((resolve) => {
      const stop = ada.trace.subscribe((record) => {
        if (!Buffer.from(record).includes('"text":"2 "')) return;
        stop();
        resolve();
      });
    });
    const begun = performance.now();
    await ada.jobs.cancelAll('enough');
    t.is(await ada.settled(forever()), 'idle');
    t.true(performance.now() - begun < 100);
    await answer;
    t.like(ada.jobs.head(1), { status: 'cancelled', attempts: 1, error: { code: 'ECANCELED', reason: 'enough' } });
    t.regex(ada.jobs.body(1)!.turns[0]!.text, /^0 1 2 /);
    t.is(ada.dead.size, 0);
    t.is(ada.inbox.size, 0);
    t.is(ada.outbox.size, 0);
  });
}

test('cancel in a tool that does not hear it: what it does later changes nothing', async (t) => {
  let entered = (): void => undefined;
  const inside = new Promise<void>((resolve) => (entered = resolve));
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  let late: unknown;
  let tell = (): void => undefined;
  const done = new Promise<void>((resolve) => (tell = resolve));
  const remember: Tool = {
    name: 'remember',
    description: 'waits, and then would change something',
    schema: { type: 'object' },
    run: async (_input, { effects }) => {
      effects.push({ operations: [put('early', bytes('x'))] });
      entered();
      await held;
      try {
        effects.push({ operations: [put('late', bytes('x'))] });
      } catch (error) {
        late = error;
      }
      tell();
      return 'done';
    },
  };
  const store = new MemoryStore();
  const agents = await Agents.open({
    store,
    clock: new SystemClock(),
    models: new Models(new Offline()),
    tools: [remember],
  });
  t.teardown(() => agents.close());
  const ada = await agents.define('ada', operator);
  await ada.inbox.accept(bytes('remember this'), by);
  await inside;
  const begun = performance.now();
  await ada.jobs.cancel(1, 'enough');
  t.is(await ada.settled(forever()), 'idle');
  t.true(performance.now() - begun < 100);
  goOn();
  await done;
  t.like(late, { code: 'ECANCELED' });
  t.is(store.get('early'), undefined);
  t.is(store.get('late'), undefined);
  t.is(ada.jobs.body(1)!.turns[0]!.results[0]!.ended, undefined);
});

test('cancel in a wait: of a job that is tried again later, and of one that waits its turn', async (t) => {
  const { ada, model, clock } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), by);
  await ada.inbox.accept(bytes('two'), by);
  await model.fail(true);
  await when(ada, () => !ada.working);
  t.deepEqual(statuses(ada), ['retrying', 'queued']);
  t.is(ada.jobs.open, 1);
  await ada.jobs.cancelAll('enough');
  await model.called();
  t.deepEqual(statuses(ada), ['cancelled', 'running']);
  await model.answer('2');
  await ada.settled(forever());
  clock.advance(100_000);
  t.deepEqual(model.asked, ['one', 'two']);
  t.deepEqual(statuses(ada), ['cancelled', 'done']);
  await t.throwsAsync(ada.jobs.cancel(1, ''), { code: 'EINVAL' });
  await t.throwsAsync(ada.jobs.cancel(9, ''), { code: 'ENOENT' });
});

test('cancel before the tick has come to the job: it is not begun', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.settings.write('policy/loop', bytes('batch 2\n'), operator);
  await ada.pause(operator);
  await ada.inbox.accept(bytes('one'), by);
  await ada.inbox.accept(bytes('two'), by);
  await ada.resume(operator);
  await model.called();
  await ada.jobs.cancel(2, 'enough');
  await model.answer('1');
  t.is(await ada.settled(forever()), 'idle');
  t.deepEqual(statuses(ada), ['done', 'cancelled']);
  t.deepEqual(model.asked, ['one']);
});

test('what tools did goes with the tick, and not at all when the job fails; lines of others are text', async (t) => {
  const effects: string[] = [];
  const remember: Tool = {
    name: 'remember',
    description: 'keeps a text',
    schema: { type: 'object' },
    run: ({ text }, context) => {
      context.effects.push({
        operations: [],
        apply: () => effects.push(`+${String(text)}`),
        revert: () => effects.push(`-${String(text)}`),
      });
      if (text === 'bad') throw new Error('no');
      return `kept ${String(text)}`;
    },
  };
  const { ada } = await slow(t, new Models(new Offline()), [remember]);
  t.is(await ada.ask(bytes('remember one\nand so on\nremember two'), operator, forever()), 'kept one\nkept two\n');
  t.deepEqual(effects, ['+one', '+two']);
  t.is(await ada.ask(bytes('remember bad'), operator, forever()), 'EIO: no\n');
  t.regex(await ada.ask(bytes('remember three'), agentSubject('bob'), forever()), /The message was: “remember three”/);
  t.deepEqual(effects, ['+one', '+two', '+bad']);
});

test('a job that comes to no end fails with ELOOP after as many turns as policy/loop says, and what it did is taken back', async (t) => {
  const seen: string[] = [];
  const model = {
    name: 'endless',
    real: false,
    turn: async () => ({ text: '', calls: [{ id: 'c', name: 'note', input: {} }], usage: { input: 1, output: 1 } }),
  };
  const note: Tool = {
    name: 'note',
    description: '',
    schema: {},
    run: (_input, { effects }) => {
      effects.push({ operations: [], apply: () => seen.push('apply'), revert: () => seen.push('revert') });
      return 'noted';
    },
  };
  const { ada } = await slow(t, new Models(model), [note]);
  await ada.settings.write('policy/loop', bytes('max_turns 3\n'), operator);
  await t.throwsAsync(ada.ask(bytes('go'), operator, forever()), { code: 'ELOOP' });
  t.deepEqual(seen, ['revert', 'revert', 'revert']);
  t.is(ada.jobs.body(1)!.turns.length, 3);
  t.like(ada.jobs.head(1), { status: 'failed', error: { code: 'ELOOP' } });
  t.is(ada.dead.size, 1);
});

test('a crash while a job runs: it shows interrupted, and is the same job when it is taken again', async (t) => {
  const { ada, model, store, clock, reopen } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('hello'), by);
  await model.say('so f');
  clock.advance(1_000);
  await model.say('ar');
  await ada.settings.write('policy/wake', bytes('manual\n'), operator);
  t.truthy(store.inner.get(runKey(ada.id)));
  const again = (await (await reopen()).load('ada'))!;
  t.like(again.jobs.head(1), { status: 'interrupted', attempts: 1 });
  t.is(again.jobs.body(1)!.turns[0]!.text, 'so far');
  t.is(await again.settled(forever()), 'manual 1');
  await again.tick('', operator);
  await model.called();
  await model.answer('late');
  await model.answer('done');
  t.is(await again.settled(forever()), 'idle');
  t.like(again.jobs.head(1), { status: 'done', attempts: 2 });
  t.deepEqual([...again.jobs.ids()], [1]);
  t.is(again.outbox.size, 1);
  t.deepEqual(
    again.jobs.events(1).map(({ type }) => type),
    ['begun', 'turn', 'interrupted', 'begun', 'turn', 'reply', 'done'],
  );
});

test('jobs are kept by count and by age, their names and feedback go with them', async (t) => {
  const { ada, clock, reopen } = await world(t);
  await ada.settings.write('policy/limits', bytes('jobs 3\n'), operator);
  await ada.jobs.names.draft('first');
  const stage = await ada.inbox.stage(bytes('named'), { ...by, plain: true, job: 'first' });
  ada.inbox.publish(stage);
  await ada.settled(forever());
  await (await ada.jobs.stageFeedback(1, bytes('good'))).publish();
  for (let n = 2; n <= 5; n++) await ada.ask(bytes(`${n}`), operator, forever());
  await ada.settled(forever());
  t.deepEqual([...ada.jobs.ids()], [3, 4, 5]);
  t.false(ada.jobs.has(1));
  t.is(ada.jobs.feedback(1).length, 0);
  t.deepEqual(ada.jobs.names.all(), {});
  await t.throwsAsync(ada.jobs.result(1, forever()), { code: 'ESTALE' });
  clock.advance(31 * 24 * 3_600_000);
  const again = (await (await reopen()).load('ada'))!;
  t.regex(await again.ask(bytes('6'), operator, forever()), /“6”/);
  await again.settled(forever());
  t.deepEqual([...again.jobs.ids()], [6]);
});

test('a store that refuses: the job is as before its tick, and then goes on', async (t) => {
  const { ada, model, store, clock } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('hello'), by);
  await model.called();
  store.broken = true;
  await model.answer('lost');
  await when(ada, () => !ada.working);
  store.broken = false;
  t.is(ada.jobs.ended(1), undefined);
  clock.advance(1_000);
  await model.answer('kept');
  await ada.settled(forever());
  t.is(ada.jobs.ended(1), 'kept');
  t.is(await all(ada.outbox.log).then((log) => log.split('\n').length), 2);
});

test('a batch: one tick takes several messages, each its own job and answer, and one that must wait holds back its origin only', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.settings.write('policy/loop', bytes('batch 3\n'), operator);
  await ada.pause(operator);
  for (const text of ['one', 'two']) await ada.inbox.accept(bytes(text), by);
  await ada.inbox.accept(bytes('three'), { origin: agentSubject('bob') });
  await ada.resume(operator);
  await model.fail(true);
  await model.answer('3');
  await when(ada, () => !ada.working);
  t.deepEqual(model.asked, ['one', 'three']);
  t.deepEqual(statuses(ada), ['retrying', 'queued', 'done']);
  t.is(ada.record.tick, 1);
  t.is(ada.outbox.size, 1);
});

test('a full inbox drops the oldest or makes dead letters where that is set', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.pause(operator);
  await ada.settings.write('policy/limits', bytes('inbox 2\noverflow drop-oldest\n'), operator);
  for (const text of ['one', 'two', 'three', 'four']) await ada.inbox.accept(bytes(text), by);
  t.is(ada.inbox.size, 2);
  t.deepEqual(statuses(ada), ['dropped', 'dropped', 'queued', 'queued']);
  await ada.settings.write('policy/limits', bytes('inbox 2\noverflow deadletter\n'), operator);
  await ada.inbox.accept(bytes('five'), { ...by, name: 'five' });
  t.is(ada.inbox.size, 2);
  t.is(ada.dead.size, 1);
  t.like(ada.dead.head([...ada.dead.names()][0]!), { code: 'ENOSPC', name: 'five' });
  t.like(ada.jobs.head(5), { status: 'failed', error: { code: 'ENOSPC' } });
  t.is(ada.jobs.body(5)!.request, 'five');
  await ada.settings.write('policy/limits', bytes('inbox 2\n'), operator);
  await t.throwsAsync(ada.inbox.accept(bytes('six'), by), { code: 'ENOSPC' });
  const again = (await (await reopen()).load('ada'))!;
  t.is(again.inbox.size, 2);
  t.is(again.dead.size, 1);
  await again.resume(operator);
  t.is(await again.settled(forever()), 'idle');
  t.deepEqual(statuses(again), ['dropped', 'dropped', 'done', 'done', 'failed']);
});

test('policy/wake manual: messages wait for a tick that is asked for, one tick takes one', async (t) => {
  const { ada } = await world(t);
  await ada.settings.write('policy/wake', bytes('manual\n'), operator);
  await ada.inbox.accept(bytes('one'), by);
  await ada.inbox.accept(bytes('two'), by);
  t.is(await ada.settled(forever()), 'manual 2');
  await ada.tick('now', operator);
  t.is(await ada.settled(forever()), 'manual 1');
  await ada.settings.write('policy/wake', bytes('auto\n'), operator);
  t.is(await ada.settled(forever()), 'idle');
  t.deepEqual(statuses(ada), ['done', 'done']);
});
