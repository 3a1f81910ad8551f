import test from 'ava';
import { agent, operator } from '../../../src/kernel/subject.ts';
import { MemoryStore } from '../../../src/drivers/store/memory.ts';
import type { Agent } from '../../../src/agent/agent.ts';
import { recordsOf, type Recorded } from '../../../src/agent/replay/recorded.ts';
import { replay, type Replayed } from '../../../src/agent/replay/replay.ts';
import { all, bytes, forever, world } from '../support.ts';

const recording = async (ada: Agent): Promise<Recorded[]> => recordsOf(await all(ada.trajectory.journal));
const again = (records: readonly Recorded[]): Promise<Replayed> => replay(records, { store: new MemoryStore() });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A session with everything that may happen to an agent. */
const session = async (t: Parameters<typeof world>[0]): Promise<Recorded[]> => {
  const { ada, agents, model, clock } = await world(t, 'scripted');
  const settled = async (): Promise<string> => ada.settled(forever());
  const say = (text: string, origin: Parameters<Agent['ask']>[1] = operator, name?: string): Promise<string> =>
    ada.inbox.accept(bytes(text), { origin, ...(name === undefined ? {} : { name }) });
  // Messages that come before, between and during ticks, by several origins.
  await say('Subject: one\n\nhello', operator, 'first');
  await model.called();
  clock.advance(7);
  await say('two', agent('bob'));
  await say('Id: mine\n\nthree');
  await model.answer('one\n');
  await model.answer('two\n');
  clock.advance(1_500);
  await model.answer('three\n');
  await settled();
  // An answer to something it said is noted, an expired message is a dead letter.
  const [answered] = [...ada.outbox.names()].slice(-1);
  await say(`In-Reply-To: ${answered!}\n\nthanks`, agent('bob'));
  await model.answer('noted\n');
  await settled();
  await say('Expires: 2000-01-01T00:00:00Z\n\ntoo late');
  await settled();
  // A note is perceived; so is another one under its name.
  await ada.notes.write('n', bytes('what it knows\n'));
  const asked = ada.ask(bytes('how?'), operator, forever());
  await model.answer('thus\n');
  t.is(await asked, 'thus\n');
  await ada.notes.write('n', bytes('what it knows now\n'));
  // Errors that pass, with another origin in between, and one that does not.
  await say('flaky');
  await model.fail(true);
  await turn();
  await turn();
  await say('meanwhile', agent('bob'));
  await model.answer('here\n');
  clock.advance(1_000);
  await model.fail(true);
  while (clock.timers === 0 || ada.working) await turn();
  clock.advance(10_000);
  await model.answer('at last\n');
  await settled();
  await say('hopeless');
  await model.fail(false);
  await settled();
  // Stopped, with a message discarded and a tick asked for meanwhile.
  await say('long');
  await model.called();
  await say('never', operator, 'never');
  await ada.inbox.discard('never');
  await ada.tick('look', operator);
  await ada.jobs.cancelAll('enough');
  await model.answer('nobody hears this');
  await settled();
  await ada.pause(operator);
  await say(`big ${'é"\n'.repeat(60_000)}`);
  await agents.rename('ada', 'eve', operator);
  await ada.resume(operator);
  await model.answer('x"'.repeat(50_000));
  await settled();
  // Two messages a tick, and one turn a job.
  await ada.settings.write('policy/loop', bytes('batch 2\nmax_turns 1\n'), operator);
  await ada.pause(operator);
  await say('of two');
  await say('and two', agent('bob'));
  await ada.resume(operator);
  await model.answer('first\n');
  await model.answer('second\n');
  await settled();
  await ada.hibernate('hibernate', operator);
  clock.advance(3_600_000);
  await say('awake?');
  await model.answer('yes\n');
  await settled();
  return recording(ada);
};

test('a session with errors, retries, cancels, pauses and sleep is identical', async (t) => {
  const records = await session(t);
  t.true(records.length > 100);
  const { records: count, difference } = await again(records);
  t.is(difference, undefined);
  t.is(count, records.filter(({ type }) => type !== 'perceived').length);
});

test('what is different is named: the record, the member, both values', async (t) => {
  const records = await session(t);
  const change = async (find: (record: Recorded) => boolean, changed: object): Promise<Replayed['difference']> => {
    const at = records.findIndex(find);
    t.true(at > 0);
    return (await again(records.with(at, { ...records[at]!, ...changed }))).difference;
  };
  const sleep = records.find(({ phase }) => phase === 'SLEEP')!;
  t.deepEqual(await change((record) => record === sleep, { outcome: 'failed' }), {
    seq: sleep.seq,
    member: 'outcome',
    expected: '"failed"',
    got: '"answered"',
  });
  t.like(await change(({ type }) => type === 'model', { prompt: 'other' }), { member: 'prompt', expected: '"other"' });
  const order = await change(({ type }) => type === 'error', { code: 'EIO' });
  t.like(order, { member: 'code', expected: '"EIO"' });
  const document = await change(({ type }) => type === 'message', { document: 'From: x\n\nanother text' });
  t.like(document, { member: 'messages.0.text', got: '"another text"' });
});

test('a record that was left out or made up is a difference', async (t) => {
  const records = await session(t);
  const load = records.findIndex(({ phase }) => phase === 'LOAD');
  t.is((await again(records.toSpliced(load, 1))).difference?.seq, records[load + 1]!.seq);
  const made = { ...records[load]!, type: 'transition', cause: 'idleness', by: 'system' };
  t.is((await again(records.toSpliced(load, 0, made))).difference?.seq, made.seq);
  const waits = await again([...records, { ...made, seq: 999 }]);
  t.like(waits.difference, { seq: 999, member: 'record', expected: 'transition LOAD', got: 'nothing' });
});

test('a recording from the middle, or of nothing, cannot be run again', async (t) => {
  const records = await session(t);
  await t.throwsAsync(again(records.slice(5)), { code: 'EINVAL', message: /begins with record 6/ });
  await t.throwsAsync(again([]), { code: 'EINVAL' });
  t.throws(() => recordsOf('{"seq":1}\nnonsense\n'), { code: 'EINVAL', message: /line 2/ });
});

test('a recording in which the server died says so, with what is identical before', async (t) => {
  const { ada, model, reopen } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), { origin: operator });
  await model.answer('one\n');
  await ada.settled(forever());
  await ada.inbox.accept(bytes('two'), { origin: operator });
  await model.called();
  const after = (await (await reopen()).load('ada'))!;
  await t.throwsAsync(again(await recording(after)), { code: 'ENOTSUP', message: /the server died .* records before/ });
});
