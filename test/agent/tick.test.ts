import test from 'ava';
import { runKey } from '../../src/agent/keys.ts';
import { del } from '../../src/drivers/store/store.ts';
import { agent as agentSubject, operator } from '../../src/kernel/subject.ts';
import { unpack } from '../../src/agent/pack.ts';
import type { TickRecord } from '../../src/agent/tick-record.ts';
import type { Agent } from '../../src/agent/agent.ts';
import { all, bytes, forever, records, text, world } from './support.ts';

const phases = ['WAKE', 'LOAD', 'PERCEIVE', 'THINK', 'ACT', 'REMEMBER', 'SCHEDULE', 'SLEEP'];
const by = { origin: operator };
const tick = (ada: Agent, number: number): TickRecord => JSON.parse(text(ada.tickRecord(number))) as TickRecord;

test('a tick with nothing to do writes its eight records and calls no model', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const before = (await records(ada.trajectory.journal)).length;
  await ada.tick('just so', operator);
  t.is(await ada.settled(forever()), 'idle');
  const made = (await records(ada.trajectory.journal)).slice(before).filter(({ type }) => type === 'phase');
  t.deepEqual(
    made.map(({ phase }) => phase),
    phases,
  );
  t.deepEqual(model.asked, []);
  const { cause, outcome, reason, by: who } = tick(ada, 1);
  t.deepEqual([cause, outcome, reason, who], ['manual', 'nothing to do', 'just so', 'operator']);
  t.is(ada.outbox.size, 0);
  t.is(ada.status().tick, 1);
  t.is(ada.status().last_cause, 'manual');
});

test('a message makes a tick with its eight phases, one answer and one record of everything', async (t) => {
  const { ada } = await world(t);
  const id = await ada.inbox.accept(bytes('hello'), by);
  t.is(await ada.settled(forever()), 'idle');
  const made = (await records(ada.trajectory.journal)).filter(({ tick }) => tick === 1);
  t.deepEqual(
    made.flatMap(({ phase }) => phase ?? []),
    phases,
  );
  t.is(made.filter(({ type }) => type === 'model').length, 1);
  t.is(await ada.trajectory.verify(), undefined);
  const [answer] = ada.outbox.names();
  const record = tick(ada, 1);
  t.deepEqual([record.cause, record.outcome, record.message, record.answer], ['message', 'answered', id, answer]);
  t.deepEqual(
    record.phases.map(({ phase }) => phase),
    phases,
  );
  for (const { time } of record.phases) t.true(record.started <= time && time <= record.ended);
  t.deepEqual(await records(ada.outbox.log), [
    { id: answer, time: record.ended, from: 'ada', to: 'operator', in_reply_to: id, text: ada.outbox.last },
  ]);
  const streamed = (await records(ada.trace)).filter(({ type }) => type === 'text').map(({ text }) => text as string);
  t.is(streamed.join(''), ada.outbox.last);
  t.deepEqual(ada.ticks, { first: 1, last: 1 });
  t.is(ada.tickRecord(2), undefined);
});

test('the trace shows the answer while the model still speaks', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const answer = ada.ask(bytes('hello'), operator, forever());
  await model.say('thin');
  const cursor = ada.trace.follow('running tick');
  let seen = text(await cursor.next(forever()));
  t.regex(seen, /"text":"thin"/);
  await model.say('king');
  seen = text(await cursor.next(forever()));
  t.regex(seen, /"text":"king"/);
  await model.answer('thinking');
  t.is(await answer, 'thinking');
});

test('everything a tick does is one batch: nothing of it shows before', async (t) => {
  const { ada, model, store } = await world(t, 'scripted');
  const answer = ada.ask(bytes('hello'), operator, forever());
  await model.called();
  const before = store.batches;
  await model.answer('done');
  await answer;
  await ada.settled(forever());
  t.is(store.batches - before, 1);
});

test('of a message and a tick that was asked for, one tick takes both', async (t) => {
  const { ada } = await world(t);
  const accepted = ada.inbox.accept(bytes('hello'), by);
  const asked = ada.tick('why not', operator);
  await Promise.all([accepted, asked]);
  await ada.settled(forever());
  t.is(ada.record.tick, 1);
  t.is(tick(ada, 1).cause, 'manual');
  t.is(tick(ada, 1).outcome, 'answered');
});

test('a failure that may pass is tried again after 1 s, 10 s and 60 s, then the message is a dead letter', async (t) => {
  const { ada, model, clock } = await world(t, 'scripted');
  const answer = t.throwsAsync(ada.ask(bytes('hello'), operator, forever()), { code: 'EHOSTUNREACH' });
  for (const wait of [1_000, 10_000, 60_000]) {
    const ended = nextTick(ada);
    await model.fail(true);
    await ended;
    t.is(ada.inbox.size, 1);
    t.is(ada.peek(), undefined);
    clock.advance(wait - 1);
    t.false(ada.working);
    clock.advance(1);
    t.true(ada.working);
  }
  const ended = nextTick(ada);
  await model.fail(true);
  await ended;
  await answer;
  t.is(await ada.settled(forever()), 'idle');
  t.is(ada.record.tick, 4);
  t.is(ada.outbox.size, 0);
  const [dead] = ada.dead.names();
  const { head, bytes: document } = unpack(ada.dead.get(dead!)!);
  t.like(head, { code: 'EHOSTUNREACH', reason: 'no answer', attempts: 4, origin: 'operator' });
  t.regex(text(document), /\n\nhello$/);
  t.like(ada.errors.list().at(-1), { code: 'EHOSTUNREACH', path: 'logs/ticks/4.json' });
  t.regex(ada.status().error, /^EHOSTUNREACH/);
  t.is(ada.state, 'idle');
});

test('a failure that will not pass is a dead letter at once, and the next message goes on', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const first = t.throwsAsync(ada.ask(bytes('bad'), operator, forever()), { code: 'EHOSTUNREACH' });
  const second = ada.ask(bytes('good'), operator, forever());
  await model.fail(false);
  await first;
  await model.answer('fine');
  t.is(await second, 'fine');
  t.is(ada.dead.size, 1);
  await ada.settled(forever());
  t.is(ada.status().error, '');
});

test('while a message waits for its next try, its origin waits and others go on', async (t) => {
  const { ada, model, clock } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), by);
  await ada.inbox.accept(bytes('two'), by);
  const other = ada.inbox.submit(bytes('three'), { origin: agentSubject('bob') });
  await model.fail(true);
  await model.answer('3');
  await other.committed;
  await nextIdle(ada);
  t.deepEqual(model.asked, ['one', 'three']);
  clock.advance(1_000);
  await model.answer('1');
  await model.answer('2');
  t.is(await ada.settled(forever()), 'idle');
  t.deepEqual(model.asked, ['one', 'three', 'one', 'two']);
});

test('the number of tries survives a restart', async (t) => {
  const { ada, model, clock, reopen } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('hello'), { ...by, name: 'n' });
  const ended = nextTick(ada);
  await model.fail(true);
  await ended;
  const again = (await (await reopen()).load('ada'))!;
  t.is(again.inbox.get('n')!.attempts, 1);
  t.false(again.working);
  clock.advance(1_000);
  t.true(again.working);
});

test('of more calls than a turn may have none is run, and that is said', async (t) => {
  const { ada } = await world(t);
  const lines = Array.from({ length: 65 }, (_, n) => `remember thing ${n}`).join('\n');
  await t.throwsAsync(ada.ask(bytes(lines), operator, forever()), { code: 'E2BIG', message: /65 calls .* 64/ });
  t.is(ada.notes.size, 0);
  t.is(ada.dead.size, 1);
});

test('an expired message is a dead letter and costs no model', async (t) => {
  const { ada, model, clock } = await world(t, 'scripted');
  await ada.pause(operator);
  const expires = new Date(clock.now() + 60_000).toISOString();
  await ada.inbox.accept(bytes(`Expires: ${expires}\n\nhurry`), by);
  clock.advance(60_000);
  await ada.resume(operator);
  t.is(await ada.settled(forever()), 'idle');
  t.deepEqual(model.asked, []);
  t.is(tick(ada, 1).outcome, 'expired');
  t.like(unpack(ada.dead.get([...ada.dead.names()][0]!)!).head, { code: 'ETIMEDOUT' });
});

test('cancel ends the tick, the message is gone and no dead letter, the next one goes on', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const first = t.throwsAsync(ada.ask(bytes('long'), operator, forever()), { code: 'ECANCELED' });
  const second = ada.ask(bytes('short'), operator, forever());
  await model.say('partial');
  await ada.jobs.cancelAll('by hand');
  await first;
  t.is(tick(ada, 1).outcome, 'cancelled');
  t.regex(await all(ada.trace), /partial/);
  // The turn that was aborted is still the first in line of the model.
  await model.answer('late');
  await model.answer('done');
  t.is(await second, 'done');
  t.is(ada.dead.size, 0);
});

test('a prompt the disk refuses is an error, and nobody is left waiting', async (t) => {
  const { ada, store, model } = await world(t, 'scripted');
  await ada.pause(operator);
  store.broken = true;
  await t.throwsAsync(ada.ask(bytes('hello'), operator, forever()), { code: 'EIO' });
  store.broken = false;
  t.is(ada.inbox.size, 0);
  await ada.resume(operator);
  t.is(await ada.settled(forever()), 'idle');
  t.deepEqual(model.asked, []);
});

test('whoever asks may stop waiting; the work goes on', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  const abort = new AbortController();
  const answer = t.throwsAsync(ada.ask(bytes('hello'), operator, abort.signal), { code: 'EINTR' });
  await model.called();
  abort.abort();
  await answer;
  await model.answer('done');
  t.is(await ada.settled(forever()), 'idle');
  t.is(ada.outbox.last, 'done');
});

test('a prompt is body, whatever it looks like', async (t) => {
  const { ada } = await world(t);
  t.regex(await ada.ask(bytes('Id: 7\n\nhello'), operator, forever()), /Id: 7 hello/);
});

test('an answer to an agent is delivered, and is not answered again', async (t) => {
  const { agents, ada } = await world(t);
  const bob = await agents.define('bob', operator);
  const sent = await bob.inbox.accept(bytes('tell ada hello'), { origin: agentSubject('ada') });
  await bob.settled(forever());
  await ada.settled(forever());
  t.is(bob.outbox.size, 1);
  // Ada did not write that message herself here, so she answers bob once; his side then ends it.
  await bob.settled(forever());
  t.is(ada.outbox.size, 1);
  t.is(bob.outbox.size, 1);
  t.is(tick(bob, 2).outcome, 'noted');
  t.regex(text(bob.outbox.document([...bob.outbox.names()][0]!)), new RegExp(`To: ada\n.*\n.*\nIn-Reply-To: ${sent}`));
});

test('a store that refuses: the answer is taken back, tried again, and three times in a row the agent fails', async (t) => {
  const { ada, model, store, clock, reopen } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('hello'), by);
  for (const wait of [1_000, 10_000, 0]) {
    await model.called();
    store.broken = true;
    const ended = nextTick(ada);
    await model.answer('lost');
    await ended;
    store.broken = false;
    t.is(ada.outbox.size, 0);
    t.is(await all(ada.outbox.log), '');
    t.is(ada.inbox.size, 1);
    clock.advance(wait);
  }
  t.is(ada.state, 'failed');
  t.is(await ada.settled(forever()), 'failed');
  await t.throwsAsync(ada.tick('', operator), { code: 'EBUSY' });
  await t.throwsAsync(ada.pause(operator), { code: 'EINVAL' });
  await ada.resume(operator);
  await model.answer('kept');
  t.is(await ada.settled(forever()), 'idle');
  const again = (await (await reopen()).load('ada'))!;
  t.is(again.outbox.last, 'kept');
  t.is(again.outbox.size, 1);
  t.is(await again.trajectory.verify(), undefined);
});

test('1,000 tick records and outbox files are kept', async (t) => {
  const { ada } = await world(t);
  for (let n = 0; n < 1_010; n++) await ada.ask(bytes(`${n}`), operator, forever());
  await ada.settled(forever());
  t.deepEqual(ada.ticks, { first: 11, last: 1_010 });
  t.is(ada.tickRecord(10), undefined);
  t.is(tick(ada, 11).tick, 11);
  t.is(ada.outbox.size, 1_000);
  t.is((await records(ada.outbox.log)).length, 1_010);
});

test('a tick that a crash cut off crowds out the oldest record as well', async (t) => {
  const { ada, model, reopen } = await world(t, 'scripted');
  for (let n = 0; n < 1_000; n++) {
    await ada.tick('', operator);
    await ada.settled(forever());
  }
  t.truthy(ada.tickRecord(1));
  void ada.ask(bytes('x'), operator, forever()).catch(() => undefined);
  await model.called();
  const again = (await (await reopen()).load('ada'))!;
  t.is(again.tickRecord(1), undefined);
  t.like(JSON.parse(text(again.tickRecord(1_001))), { outcome: 'interrupted' });
});

test('a tick that was counted and not yet marked when the server died has a record, too', async (t) => {
  const { ada, model, store, reopen } = await world(t, 'scripted');
  void ada.ask(bytes('x'), operator, forever()).catch(() => undefined);
  await model.called();
  await ada.pause(operator);
  await store.batch([del(runKey(ada.id))]);
  const again = (await (await reopen()).load('ada'))!;
  t.like(JSON.parse(text(again.tickRecord(1))), { tick: 1, outcome: 'interrupted', error: { code: 'EIO' } });
  t.is(again.inbox.size, 1);
});

test('many agents tick at once, up to a bound, and nobody is forgotten', async (t) => {
  const { agents, model } = await world(t, 'scripted');
  const many = await Promise.all(Array.from({ length: 80 }, (_, n) => agents.define(`a${n}`, operator, 'scripted')));
  await Promise.all(many.map((agent) => agent.inbox.accept(bytes('hello'), by)));
  t.deepEqual(agents.busy, { running: 64, waiting: 16 });
  for (let n = 0; n < 80; n++) await model.answer('done');
  t.deepEqual(new Set(await Promise.all(many.map((agent) => agent.settled(forever())))), new Set(['idle']));
});

/** Resolves when the tick that runs has ended. */
const nextTick = async (ada: Agent): Promise<void> => {
  const { tick } = ada.record;
  while (ada.working && ada.record.tick === tick) await changed(ada);
};

const nextIdle = async (ada: Agent): Promise<void> => {
  while (ada.working) await changed(ada);
};

const changed = (ada: Agent): Promise<void> => new Promise((resolve) => void ada.onChange(resolve));
