import test from 'ava';
import { operator } from '../../src/kernel/subject.ts';
import type { Change } from '../../src/agent/host.ts';
import { bytes, forever, records, text, world } from './support.ts';

test('an agent is idle when define returns, and there after a restart', async (t) => {
  const { agents, ada, reopen } = await world(t);
  t.is(ada.state, 'idle');
  await agents.define('bob', operator);
  const again = await reopen();
  t.deepEqual(
    again.list().map(({ name, state }) => [name, state]),
    [
      ['ada', 'idle'],
      ['bob', 'idle'],
    ],
  );
});

test('names and models are checked, and nothing is made of a bad one', async (t) => {
  const { agents } = await world(t);
  for (const name of ['', 'Ada', '1a', 'a_b', 'a'.repeat(33), '..', 'a/b']) {
    await t.throwsAsync(agents.define(name, operator), { code: 'EINVAL' }, name);
  }
  await t.throwsAsync(agents.define('ada', operator), { code: 'EEXIST' });
  await t.throwsAsync(agents.define('bob', operator, 'gpt'), { code: 'EINVAL', message: /offline/ });
  t.is(agents.size, 1);
});

test('of two that define one name at a time, one succeeds', async (t) => {
  const { agents } = await world(t);
  const both = await Promise.allSettled([agents.define('bob', operator), agents.define('bob', operator)]);
  t.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('rename keeps everything and is refused while it works or onto another', async (t) => {
  const { agents, ada, model, reopen } = await world(t, 'scripted');
  await agents.define('bob', operator);
  await ada.notes.write('x', bytes('kept'));
  const answer = ada.ask(bytes('hi'), operator, forever());
  await model.called();
  await t.throwsAsync(agents.rename('ada', 'eve', operator), { code: 'EBUSY' });
  await model.answer('done');
  await answer;
  await ada.settled(forever());
  await t.throwsAsync(agents.rename('ada', 'bob', operator), { code: 'EEXIST' });
  await t.throwsAsync(agents.rename('nobody', 'x', operator), { code: 'ENOENT' });
  await t.throwsAsync(agents.rename('ada', 'X', operator), { code: 'EINVAL' });
  await agents.rename('ada', 'eve', operator);
  t.is(agents.get('ada'), undefined);
  t.is(agents.get('eve'), ada);
  const again = await reopen();
  t.deepEqual(
    again.list().map(({ name }) => name),
    ['bob', 'eve'],
  );
  t.is(text((await again.load('eve'))!.notes.read('x')), 'kept');
});

test('archive frees the name at once, ends who waits with ESTALE, and is EBUSY while it works', async (t) => {
  const { agents, ada, model, clock } = await world(t, 'scripted');
  const answer = ada.ask(bytes('hi'), operator, forever());
  await model.called();
  await t.throwsAsync(agents.archive('ada', operator), { code: 'EBUSY' });
  await model.answer('done');
  await answer;
  await ada.settled(forever());
  await ada.pause(operator);
  const cursor = ada.trace.follow('now');
  const waiting = [cursor.next(forever()), ada.ask(bytes('again'), operator, forever())];
  const ends = Promise.all(waiting.map((wait) => t.throwsAsync(wait, { code: 'ESTALE' })));
  const name = await agents.archive('ada', operator);
  await ends;
  t.is(name, `ada@${new Date(clock.now()).toISOString()}`);
  await t.throwsAsync(ada.inbox.accept(bytes('late'), { origin: operator }), { code: 'ESTALE' });
  const next = await agents.define('ada', operator);
  t.is(next.inbox.size, 0);
  t.not(next.id, ada.id);
  await t.throwsAsync(agents.archive('nobody', operator), { code: 'ENOENT' });
});

test('the archive keeps 7 days and 100 agents, then nothing of them is left', async (t) => {
  const { agents, clock, store, reopen } = await world(t);
  await agents.archive('ada', operator);
  clock.advance(6 * 24 * 3_600_000);
  for (let index = 0; index < 101; index++) {
    await agents.define('temp', operator);
    await agents.archive('temp', operator);
  }
  await agents.sweep();
  t.is(agents.archived.list().length, 100);
  t.true(agents.archived.list().every(({ name }) => name.startsWith('temp@')));
  const again = await reopen();
  t.is(again.archived.list().length, 100);
  clock.advance(7 * 24 * 3_600_000 + 1);
  await again.sweep();
  t.is(again.archived.list().length, 0);
  for await (const key of store.keys({ gte: 'agent/', lt: 'data0' })) t.fail(key);
});

test('every change is told once, after it happened', async (t) => {
  const { agents, ada } = await world(t);
  const changes: string[] = [];
  agents.on((change: Change) => {
    if (change.type === 'status') return;
    const what = 'name' in change ? change.name : 'path' in change ? change.path : 'tick' in change ? change.tick : '';
    changes.push(`${change.type} ${'change' in change ? change.change : ''} ${change.agent?.name ?? ''} ${what}`);
  });
  await ada.inbox.accept(bytes('hello'), { origin: operator, name: 'first' });
  await ada.settled(forever());
  const [answer] = ada.outbox.names();
  await ada.notes.write('n', bytes('1'));
  await ada.notes.write('n', bytes('2'));
  await ada.notes.remove('n');
  await agents.define('bob', operator);
  await agents.rename('bob', 'eve', operator);
  await agents.archive('eve', operator);
  t.deepEqual(changes, [
    'message added ada first',
    `outbox added ada ${answer!}`,
    'message removed ada first',
    'tick added ada 1',
    'note added ada n',
    'note changed ada n',
    'note removed ada n',
    'agent added bob ',
    'agent renamed eve ',
    'agent removed eve ',
  ]);
});

test('a listener that throws stops nobody and is told as an error', async (t) => {
  const { agents, ada } = await world(t);
  agents.on(() => {
    throw new Error('a defect');
  });
  t.regex(await ada.ask(bytes('hello'), operator, forever()), /hello/);
  t.regex(agents.errors.list()[0]!.reason, /a defect/);
});

test('a reason is one line without control characters, whatever it quotes', async (t) => {
  const { agents } = await world(t);
  agents.refused('ctl', new Error("'a\nb\u001b[31m\0' cannot name an agent"));
  t.is(agents.errors.list()[0]!.reason, "'a b [31m ' cannot name an agent");
});

test('the log numbers everything that happens, also across a restart', async (t) => {
  const { agents, ada, reopen } = await world(t);
  await ada.ask(bytes('hello'), operator, forever());
  await ada.settled(forever());
  await agents.close();
  const again = await reopen();
  await again.define('bob', operator);
  const log = await records(again.log);
  t.deepEqual(
    log.map(({ seq }) => seq),
    log.map((_, index) => index + 1),
  );
  t.deepEqual(
    log.map(({ type }) => type),
    ['agent.defined', 'message.accepted', 'tick.started', 'tick.ended', 'agent.defined'],
  );
});

test('index has one row an agent', async (t) => {
  const { agents, ada, clock } = await world(t);
  clock.advance(1_000);
  await ada.ask(bytes('hello'), operator, forever());
  await ada.settled(forever());
  t.deepEqual(agents.index(), [
    { name: 'ada', state: 'idle', tick: 1, queue: 0, last: new Date(clock.now()).toISOString() },
  ]);
});

test('a name that is being given is taken', async (t) => {
  const { agents, ada } = await world(t);
  const leaving = agents.archive('ada', operator);
  await t.throwsAsync(agents.define('ada', operator), { code: 'EEXIST' });
  await leaving;
  t.true(ada.gone);
  await t.notThrowsAsync(agents.define('ada', operator));
});

test('refusals at the root are in its errors and in the log, and reach the disk without anybody’s commit', async (t) => {
  const { agents, reopen } = await world(t);
  for (let n = 0; n < 1_000; n++) agents.refused('ctl', Object.assign(new Error('no such verb'), { code: 'EINVAL' }));
  await agents.sync();
  t.is(agents.errors.list().length, 20);
  const again = await reopen();
  t.like(again.errors.list()[0], { code: 'EINVAL', path: 'ctl', reason: 'no such verb' });
  t.is((await records(again.log)).filter(({ type }) => type === 'error').length, 1_000);
});

test('a log that cannot reach the disk is bounded, and says what it lost', async (t) => {
  const { agents, store } = await world(t);
  store.broken = true;
  const reason = 'x'.repeat(50_000);
  for (let n = 0; n < 400; n++) agents.refused('ctl', new Error(reason));
  t.true(agents.log.waiting < 17 * 1024 * 1024);
  store.broken = false;
  await agents.sync();
  agents.event('after');
  const log = await records(agents.log);
  const gap = log.at(-2)!;
  t.is(gap['type'], 'gap');
  t.is(log.filter(({ type }) => type === 'error').length + (gap['gap'] as number), 400);
});

test('journals and answers know when they changed', async (t) => {
  const { agents, ada, clock, reopen } = await world(t);
  clock.advance(1_234);
  await ada.ask(bytes('hello'), operator, forever());
  await ada.settled(forever());
  for (const journal of [ada.trace, ada.trajectory.journal, ada.outbox.log, agents.log])
    t.is(journal.changed, clock.now());
  t.is(ada.outbox.date([...ada.outbox.names()].at(-1)!), clock.now());
  t.is((await (await reopen()).load('ada'))!.trace.changed, clock.now());
});
