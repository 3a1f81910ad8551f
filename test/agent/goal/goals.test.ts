import test from 'ava';
import { agent as agentSubject, operator } from '../../../src/kernel/subject.ts';
import { bytes, forever, records, text, world } from '../support.ts';

test('a goal that is written makes a tick, whose message is the goal, and is perceived by the others', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.goals.make('ship', operator);
  t.is(ada.inbox.size, 0);
  t.deepEqual(ada.goals.perceive(), []);
  await ada.goals.write('ship', 'text', bytes('ship it'), operator);
  const [message] = ada.inbox.list();
  const document = text(ada.inbox.document(message!.name));
  t.regex(document, /^From: goals\/ship\n/);
  t.regex(document, /\nOrigin: goal\nTrust: 0.9\n(.*\n)*Subject: goals\/ship\n\nship it\n$/);
  await model.answer('on it');
  await ada.settled(forever());
  t.is(ada.status().last_cause, 'goal');
  t.deepEqual(model.asked, ['ship it\n']);
  t.deepEqual(ada.goals.perceive(), [{ kind: 'goal', path: 'goals/ship', text: 'ship it\n' }]);
});

test('the active ones are perceived, the most important first', async (t) => {
  const { ada } = await world(t);
  for (const [name, priority] of [
    ['low', 10],
    ['high', 90],
    ['mid', 50],
    ['over', 100],
  ] as const) {
    await ada.goals.write(name, 'new', bytes(`Name: ${name}\nPriority: ${priority}\n\n${name}`), operator);
  }
  await ada.goals.make('empty', operator);
  await ada.goals.end('over', 'done', 'reached', operator);
  t.deepEqual(
    ada.goals.active().map(({ name }) => name),
    ['high', 'mid', 'low'],
  );
  await ada.goals.write('low', 'priority', bytes('95\n'), operator);
  await ada.settled(forever());
  t.regex(await ada.ask(bytes('hello'), operator, forever()), /Perceived: goals\/low, goals\/high, goals\/mid/);
});

test('done, dropped, taken up again; a restart changes nothing', async (t) => {
  const { ada, reopen, clock } = await world(t);
  await ada.goals.write('x', 'new', bytes('Name: ship\n\nship it'), operator);
  await ada.settled(forever());
  clock.advance(1_000);
  await ada.goals.end('ship', 'done', 'it is out', agentSubject('ada'));
  const again = (await (await reopen()).load('ada'))!;
  t.like(again.goals.get('ship'), {
    status: 'done',
    since: clock.now(),
    by: 'agent:ada',
    why: 'it is out',
    text: 'ship it\n',
  });
  await again.goals.end('ship', 'done', 'again', operator);
  t.is(again.goals.get('ship')!.why, 'it is out');
  await t.throwsAsync(again.goals.run('ship'), { code: 'EINVAL' });
  await again.goals.end('ship', 'dropped', '', operator);
  await t.throwsAsync(again.goals.end('ship', 'done', '', operator), { code: 'EINVAL' });
  await again.goals.write('ship', 'text', bytes('ship more'), operator);
  t.is(again.goals.get('ship')!.status, 'active');
  await again.settled(forever());
  await again.goals.run('ship');
  await again.settled(forever());
  t.is(again.outbox.size, 3);
  const types = (await records(again.trajectory.journal)).map(({ type }) => type as string);
  t.deepEqual(
    types.filter((type) => type.startsWith('goal.')),
    ['goal.written', 'goal.done', 'goal.dropped', 'goal.active', 'goal.written'],
  );
});

test('renamed and removed', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.goals.make('a', operator);
  await ada.goals.make('b', operator);
  const goal = ada.goals.get('a');
  await t.throwsAsync(ada.goals.rename('a', 'b'), { code: 'EEXIST' });
  await t.throwsAsync(ada.goals.rename('a', 'new'), { code: 'EEXIST' });
  await t.throwsAsync(ada.goals.rename('a', '.c'), { code: 'EINVAL' });
  await ada.goals.rename('a', 'c');
  t.is(ada.goals.get('c'), goal);
  await ada.goals.remove('b', operator);
  await t.throwsAsync(ada.goals.remove('b', operator), { code: 'ENOENT' });
  const again = (await (await reopen()).load('ada'))!;
  t.deepEqual(again.goals.names(), ['c']);
});

test('what was staged when the server died acts once, and counts as pending until then', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.goals.make('ship', operator);
  const first = await ada.goals.stage('ship', 'text', bytes('no'), operator);
  t.is(ada.pending, 1);
  await ada.goals.discardStage(first);
  t.is(ada.pending, 0);
  await ada.goals.stage('ship', 'text', bytes('ship it'), operator);
  await ada.goals.stage('g-12345678', 'new', bytes('another'), operator);
  t.is(ada.pending, 2);
  const agents = await reopen();
  const again = (await agents.load('ada'))!;
  await again.settled(forever());
  t.is(again.outbox.size, 2);
  t.deepEqual(again.goals.names(), ['g-12345678', 'ship']);
  const once = (await (await reopen()).load('ada'))!;
  await once.settled(forever());
  t.is(once.outbox.size, 2);
});

test('a store that refuses: the goal is what it was', async (t) => {
  const { ada, store } = await world(t);
  await ada.goals.make('ship', operator);
  store.broken = true;
  await t.throwsAsync(ada.goals.make('x', operator), { code: 'EIO' });
  await t.throwsAsync(ada.goals.remove('ship', operator), { code: 'EIO' });
  await t.throwsAsync(ada.goals.end('ship', 'done', '', operator), { code: 'EIO' });
  await t.throwsAsync(ada.goals.rename('ship', 'y'), { code: 'EIO' });
  store.broken = false;
  t.deepEqual(ada.goals.names(), ['ship']);
  t.is(ada.goals.get('ship')!.status, 'active');
  t.is(ada.inbox.staged, 0);
});

for (const [content, code] of [
  ['', 'EINVAL'],
  [' \n\n', 'EINVAL'],
  ['Priority: 101\n\nx', 'EINVAL'],
  ['Priority: -1\n\nx', 'EINVAL'],
  ['Priority: high\n\nx', 'EINVAL'],
  ['Priority: 1\nPriority: 2\n\nx', 'EINVAL'],
  ['Priority: 1\n\n', 'EINVAL'],
  ['Name: .x\n\nx', 'EINVAL'],
  ['Name: new\n\nx', 'EEXIST'],
  ['Name: there\n\nx', 'EEXIST'],
  ['x'.repeat(65_537), 'EFBIG'],
] as const) {
  test(`${code}: ${JSON.stringify(content.slice(0, 40))}`, async (t) => {
    const { ada } = await world(t);
    await ada.goals.make('there', operator);
    await t.throwsAsync(ada.goals.stage('g-1', 'new', bytes(content), operator), { code });
    t.is(ada.pending, 0);
  });
}

test('policy/limits says how many', async (t) => {
  const { ada } = await world(t);
  await ada.settings.write('policy/limits', bytes('goals 1\n'), operator);
  await ada.goals.make('one', operator);
  await t.throwsAsync(ada.goals.make('two', operator), { code: 'ENOSPC' });
});
