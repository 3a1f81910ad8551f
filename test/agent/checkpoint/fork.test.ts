import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { operator } from '../../../src/kernel/subject.ts';
import { dataPrefix, unfinishedPrefix } from '../../../src/agent/keys.ts';
import { bytes, forever, records } from '../support.ts';
import { lives, notes } from './lives.ts';

test('a fork has the state and work/, no messages, an own history that names its parent, and no budget', async (t) => {
  const life = await lives(t);
  const ada = await life.agent('ada');
  await ada.ask(bytes('hello'), operator, forever());
  await ada.pause(operator);
  await ada.inbox.accept(bytes('later'), { origin: operator });
  const eva = await life.agents.fork('ada', 'eva', { subject: operator });
  t.deepEqual(notes(eva), { a: 'one', b: 'kept' });
  t.is(life.read('work/eva/sub/file'), 'one');
  t.is(eva.state, 'idle');
  t.is(eva.inbox.size + eva.outbox.size, 0);
  t.is(eva.record.tick, 0);
  const trail = await records(eva.trajectory.journal);
  t.is(trail.length, 1);
  t.like(trail[0], { cause: 'fork', from: 'defined', to: 'idle', parent: 'ada', parent_tick: 1, by: 'operator' });
  const { tick, day } = eva.settings.get().budget;
  t.deepEqual([tick, day], [{ usd: 0 }, { usd: 0 }]);
  t.deepEqual(ada.settings.get().budget.day, { usd: 5_000_000 });
  t.regex(await eva.ask(bytes('and you?'), operator, forever()), /and you/);
  await eva.notes.write('a', bytes('mine'));
  life.write('work/eva/sub/file', 'mine');
  t.is(notes(ada)['a'], 'one');
  t.is(life.read('work/ada/sub/file'), 'one');
});

test('a fork of a checkpoint', async (t) => {
  const life = await lives(t);
  const ada = await life.agent('ada');
  await ada.checkpoints.make('x', operator);
  await ada.notes.write('a', bytes('two'));
  life.write('work/ada/sub/file', 'two');
  const eva = await life.agents.fork('ada', 'eva', { checkpoint: 'x', subject: operator });
  t.is(notes(eva)['a'], 'one');
  t.is(life.read('work/eva/sub/file'), 'one');
  t.like((await records(eva.trajectory.journal))[0], { checkpoint: 'x' });
  t.deepEqual(await eva.checkpoints.list(), []);
});

test('EEXIST, EINVAL, ENOENT, EBUSY', async (t) => {
  const life = await lives(t, 'scripted');
  const ada = await life.agent('ada');
  const fork = (to: string, checkpoint?: string) =>
    life.agents.fork('ada', to, { subject: operator, ...(checkpoint !== undefined && { checkpoint }) });
  await t.throwsAsync(fork('ada'), { code: 'EEXIST' });
  await t.throwsAsync(fork('Bad'), { code: 'EINVAL' });
  await t.throwsAsync(fork('eva', 'x'), { code: 'ENOENT' });
  const [one, two] = await Promise.allSettled([fork('eva'), fork('eva')]);
  t.deepEqual([one.status, two.status], ['fulfilled', 'rejected']);
  const asked = ada.ask(bytes('one'), operator, forever());
  await life.model.called();
  await t.throwsAsync(fork('zoe'), { code: 'EBUSY' });
  await life.model.answer('1');
  await asked;
  t.false(life.agents.has('zoe'));
});

test('a server that dies at any write of a fork has it whole or not at all', async (t) => {
  let whole = false;
  for (let after = 0; !whole; after++) {
    t.true(after < 30, 'it ends');
    const life = await lives(t);
    life.store.dieAfter(after);
    whole = await Promise.race([
      life.agents.fork('ada', 'eva', { subject: operator }).then(() => true),
      life.store.died.then(() => false),
    ]);
    await life.reopen();
    t.deepEqual(await life.keys(unfinishedPrefix), []);
    const there = life.agents.has('eva');
    if (there) t.deepEqual(notes(await life.agent('eva')), { a: 'one', b: 'kept' });
    else t.deepEqual(await life.keys(dataPrefix(2)), []);
    t.is(life.read('work/eva/sub/file'), there ? 'one' : undefined);
    t.deepEqual(readdirSync(join(life.directory, 'work')).sort(), there ? ['ada', 'eva'] : ['ada']);
    if (!there) t.is((await life.agents.fork('ada', 'eva', { subject: operator })).id, 2);
  }
});
