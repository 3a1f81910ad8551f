import test from 'ava';
import { operator } from '../../src/kernel/subject.ts';
import { Agents } from '../../src/agent/agents.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { put } from '../../src/drivers/store/store.ts';
import { runKey } from '../../src/agent/keys.ts';
import { bytes, forever, records, text, world } from './support.ts';

const by = { origin: operator };

test('paused it takes messages and does nothing, resumed it goes on', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.pause(operator);
  t.is(ada.state, 'paused');
  await ada.inbox.accept(bytes('one'), by);
  await ada.inbox.accept(bytes('two'), by);
  t.is(await ada.settled(forever()), 'paused 2');
  await t.throwsAsync(ada.tick('', operator), { code: 'EBUSY' });
  const again = (await (await reopen()).load('ada'))!;
  t.is(await again.settled(forever()), 'paused 2');
  await again.resume(operator);
  t.is(await again.settled(forever()), 'idle');
  t.is(again.outbox.size, 2);
});

test('pause and resume where there is nothing to do succeed', async (t) => {
  const { ada } = await world(t);
  await ada.resume(operator);
  t.is(ada.state, 'idle');
  await ada.pause(operator);
  await ada.pause(operator);
  t.is(await ada.settled(forever()), 'paused 0');
});

test('pause while it works takes effect after the tick', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const answer = ada.ask(bytes('one'), operator, forever());
  await ada.inbox.accept(bytes('two'), by);
  await model.called();
  await ada.pause(operator);
  t.is(ada.state, 'working');
  const settled = ada.settled(forever());
  await model.answer('1');
  t.is(await answer, '1');
  t.is(await settled, 'paused 1');
  t.is(ada.state, 'paused');
  t.deepEqual(model.asked, ['one']);
});

test('a question whose asker has left is taken back while it waits, and not while it is worked on', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const working = new AbortController();
  const waiting = new AbortController();
  const first = ada.ask(bytes('one'), operator, working.signal);
  await model.called();
  const second = ada.ask(bytes('two'), operator, waiting.signal);
  waiting.abort();
  await t.throwsAsync(second, { code: 'EINTR' });
  working.abort();
  await t.throwsAsync(first, { code: 'EINTR' });
  await model.answer('1');
  t.is(await ada.settled(forever()), 'idle');
  t.deepEqual(model.asked, ['one']);
  t.is(ada.inbox.size, 0);
});

test('every transition is recorded with from, to and cause', async (t) => {
  const { ada, agents } = await world(t);
  await ada.pause(operator);
  await ada.resume(operator);
  const made = (await records(ada.trajectory.journal)).filter(({ type }) => type === 'transition');
  t.deepEqual(
    made.map(({ from, to, cause, by }) => [from, to, cause, by]),
    [
      ['defined', 'idle', 'define', 'operator'],
      ['idle', 'paused', 'pause', 'operator'],
      ['paused', 'idle', 'resume', 'operator'],
    ],
  );
  t.is((await records(agents.log)).filter(({ type }) => type === 'agent.transition').length, 2);
});

test('settled is interrupted by its signal', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), by);
  const abort = new AbortController();
  const settled = ada.settled(abort.signal);
  await model.called();
  abort.abort();
  await t.throwsAsync(settled, { code: 'EINTR' });
});

test('status has its keys in order', async (t) => {
  const { ada, clock } = await world(t);
  clock.advance(5);
  await ada.tick('x', operator);
  await ada.settled(forever());
  const time = new Date(clock.now()).toISOString();
  t.deepEqual(Object.entries(ada.status()), [
    ['state', 'idle'],
    ['since', time],
    ['tick', 1],
    ['last_tick', time],
    ['last_cause', 'manual'],
    ['queue', 0],
    ['jobs', 0],
    ['model', 'offline'],
    ['error', ''],
  ]);
});

test('a tick that was asked for is made after a restart', async (t) => {
  const { ada, model, reopen } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('busy'), by);
  await model.called();
  await ada.tick('later', operator);
  const again = (await (await reopen()).load('ada'))!;
  await model.answer('first life');
  await model.answer('second life');
  await again.settled(forever());
  t.is(again.record.requests.length, 0);
  t.true((await records(again.trajectory.journal)).some(({ phase, reason }) => phase === 'WAKE' && reason === 'later'));
});

test('at most 100 ticks are asked for ahead', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('busy'), by);
  await model.called();
  await Promise.all(Array.from({ length: 100 }, () => ada.tick('', operator)));
  await t.throwsAsync(ada.tick('', operator), { code: 'EAGAIN' });
});

test('a tick that ran when the server died has failed with the reason, and its message is taken again', async (t) => {
  const { ada, model, reopen } = await world(t, 'scripted');
  const id = await ada.inbox.accept(bytes('hello'), by);
  await model.called();
  const second = (await (await reopen()).load('ada'))!;
  const first = JSON.parse(text(second.tickRecord(1))) as Record<string, unknown>;
  t.like(first, { outcome: 'interrupted', cause: 'message', message: id });
  t.like(first['error'], { code: 'EIO', reason: 'the server died while this tick ran' });
  t.is(second.record.tick, 2);
  await model.answer('to the dead');
  await model.answer('to the living');
  await second.settled(forever());
  t.is(second.outbox.size, 1);
  t.is(second.outbox.last, 'to the living');
  t.is(await second.trajectory.verify(), undefined);
  t.true((await records(second.trajectory.journal)).some(({ type }) => type === 'recovery'));
});

test('a message the server died over five times is a dead letter', async (t) => {
  const { ada, model, store, reopen } = await world(t, 'scripted');
  await ada.pause(operator);
  await ada.inbox.accept(bytes('poison'), { ...by, name: 'n' });
  let last = ada;
  for (let n = 1; n <= 5; n++) {
    const mark = { tick: n, cause: 'message', started: 't', messages: ['n'] };
    await store.inner.batch([put(runKey(ada.id), Buffer.from(JSON.stringify(mark)))]);
    last = (await (await reopen()).load('ada'))!;
    t.is(last.inbox.get('n')!.interrupted, n);
  }
  await last.resume(operator);
  t.is(await last.settled(forever()), 'idle');
  t.deepEqual(model.asked, []);
  t.is(last.dead.size, 1);
});

test('an orderly end lets the running tick go and keeps its message', async (t) => {
  const { agents, ada, model, reopen } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('hello'), { ...by, name: 'n' });
  await model.called();
  await agents.close();
  const again = (await (await reopen()).load('ada'))!;
  t.like(JSON.parse(text(again.tickRecord(1))) as object, { outcome: 'interrupted' });
  t.is(again.inbox.get('n')!.attempts, 0);
  t.is(again.inbox.get('n')!.interrupted, 0);
  await model.answer('late');
  await model.answer('done');
  await again.settled(forever());
  t.is(again.outbox.last, 'done');
});

test('an agent whose model is gone has failed and says why; others live', async (t) => {
  const { agents, store, clock } = await world(t, 'scripted');
  await agents.define('bob', operator, 'offline');
  await agents.close();
  const again = await Agents.open({ store, clock, models: new Models(new Offline()) });
  t.teardown(() => again.close());
  t.is((await again.load('ada'))!.state, 'failed');
  t.regex((await again.load('ada'))!.status().error, /scripted/);
  await t.throwsAsync((await again.load('ada'))!.resume(operator), { code: 'EINVAL' });
  t.regex(await (await again.load('bob'))!.ask(bytes('hello'), operator, forever()), /hello/);
});

test('errors keep the last twenty, also across a restart', async (t) => {
  const { ada, agents, reopen } = await world(t);
  for (let n = 0; n < 25; n++) ada.refused('ctl', Object.assign(new Error(`no ${n}`), { code: 'EINVAL' }));
  ada.refused('ctl', new Error('a\ndefect'));
  t.is(ada.errors.list().length, 20);
  await agents.sync();
  const again = (await (await reopen()).load('ada'))!;
  t.is(again.errors.list().length, 20);
  t.like(again.errors.list().at(-1), { code: 'EIO', path: 'ctl', reason: 'a defect' });
});
