import test from 'ava';
import { operator } from '../../../src/kernel/subject.ts';
import { within } from '../../../src/drivers/store/store.ts';
import { CHECKPOINTS } from '../../../src/agent/checkpoint/checkpoints.ts';
import * as keys from '../../../src/agent/keys.ts';
import { contents, dataPrefix, unfinishedPrefix } from '../../../src/agent/keys.ts';
import { bytes, forever, records, world, type World } from '../support.ts';

const keysOf = async ({ store }: Pick<World, 'store'>, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const key of store.keys(within(prefix))) found.push(key);
  return found;
};

const copies = (world: World): Promise<string[]> => keysOf(world, `${dataPrefix(world.ada.id)}checkpoint/copy/`);

test('everything below an agent has its line in the table of contents', async (t) => {
  const { ada, store, agents } = await world(t);
  await ada.notes.write('a', bytes('one'));
  await ada.ask(bytes('hello'), operator, forever());
  await ada.checkpoints.make('x', operator);
  await agents.sync();
  for (const key of await keysOf({ store }, dataPrefix(ada.id))) {
    const name = key.slice(dataPrefix(ada.id).length).split('/', 1)[0]!;
    t.true(name in contents, key);
  }
});

test('a checkpoint holds the state, and nothing of messages, history or other checkpoints', async (t) => {
  const w = await world(t);
  const { ada } = w;
  await ada.notes.mkdir('plans');
  await ada.notes.write('plans/a', bytes('one'));
  await ada.ask(bytes('hello'), operator, forever());
  await ada.checkpoints.make('x', operator);
  const info = await ada.checkpoints.make('y', operator);
  for (const key of await copies(w)) {
    t.is(contents[/\/checkpoint\/copy\/m[0-9a-z]+\/([a-z]+)/.exec(key)?.[1] ?? ''], 'state', key);
  }
  t.deepEqual(
    (await ada.checkpoints.list()).map(({ name }) => name),
    ['x', 'y'],
  );
  t.is(ada.checkpoints.get('y')?.key, info.key);
  t.like((await records(ada.trajectory.journal)).at(-1), { type: 'checkpoint', name: 'y' });
  t.deepEqual(await keysOf(w, unfinishedPrefix), []);
});

test('a note that was closed a moment ago is in it', async (t) => {
  const { ada } = await world(t);
  const stage = await ada.notes.stage('late', bytes('x'));
  ada.notes.publish(stage);
  t.is((await ada.checkpoints.make('x', operator)).state.keys, 2);
});

test('names: EEXIST, EINVAL; ENOENT; a removed one leaves nothing', async (t) => {
  const w = await world(t);
  const { checkpoints, notes } = w.ada;
  await notes.write('a', bytes('one'));
  await checkpoints.make('x', operator);
  await t.throwsAsync(checkpoints.make('x', operator), { code: 'EEXIST' });
  for (const name of ['', '.', '..', 'a/b', '-x', 'a b', 'x'.repeat(101)]) {
    await t.throwsAsync(checkpoints.make(name, operator), { code: 'EINVAL' }, name);
    t.is(checkpoints.get(name), undefined);
  }
  await t.throwsAsync(checkpoints.remove('y', operator), { code: 'ENOENT' });
  await checkpoints.remove('x', operator);
  t.deepEqual(await copies(w), []);
  t.deepEqual(await checkpoints.list(), []);
});

test('EBUSY while a tick runs; no tick begins while it is made', async (t) => {
  const { ada, model, agents } = await world(t, 'scripted');
  const asked = ada.ask(bytes('one'), operator, forever());
  await model.called();
  await t.throwsAsync(ada.checkpoints.make('x', operator), { code: 'EBUSY' });
  await model.answer('1');
  await asked;
  await ada.settled(forever());
  const making = ada.checkpoints.make('x', operator);
  const later = ada.ask(bytes('two'), operator, forever());
  await t.throwsAsync(ada.checkpoints.make('y', operator), { code: 'EBUSY' });
  await t.throwsAsync(agents.archive('ada', operator), { code: 'EBUSY' });
  await t.throwsAsync(agents.rename('ada', 'eva', operator), { code: 'EBUSY' });
  t.is(ada.state, 'idle');
  await making;
  await model.answer('2');
  t.is(await later, '2');
});

test('there are at most so many', async (t) => {
  const { ada } = await world(t);
  for (let i = 0; i < CHECKPOINTS; i++) await ada.checkpoints.make(`c${i}`, operator);
  await t.throwsAsync(ada.checkpoints.make('one-more', operator), { code: 'ENOSPC' });
  await ada.checkpoints.remove('c7', operator);
  await ada.checkpoints.make('one-more', operator);
});

test('who gives up, or a store that refuses, leaves no checkpoint and nothing of it', async (t) => {
  const w = await world(t);
  const { ada, store } = w;
  for (let i = 0; i < 50; i++) await ada.notes.write(`n${i}`, bytes('x'));
  await t.throwsAsync(ada.checkpoints.make('x', operator, { signal: AbortSignal.abort() }), { code: 'EINTR' });
  t.deepEqual(await copies(w), []);
  t.deepEqual(await keysOf(w, unfinishedPrefix), []);
  store.broken = true;
  await t.throwsAsync(ada.checkpoints.make('x', operator), { code: 'EIO' });
  store.broken = false;
  t.is(ada.checkpoints.get('x'), undefined);
  t.is(ada.hold.why, undefined);
  await ada.checkpoints.make('x', operator);
});

test('a server that dies at any write in the middle leaves all of it or nothing', async (t) => {
  let whole = false;
  for (let after = 1; !whole; after++) {
    t.true(after < 20, 'it ends');
    const w = await world(t);
    await w.ada.notes.write('a', bytes('one'));
    w.store.dieAfter(after);
    whole = await Promise.race([
      w.ada.checkpoints.make('x', operator).then(() => true),
      w.store.died.then(() => false),
    ]);
    const again = (await (await w.reopen()).load('ada'))!;
    const found = again.checkpoints.get('x');
    t.deepEqual(await keysOf(w, unfinishedPrefix), []);
    const left = await copies(w);
    t.is(left.length, found ? found.state.keys : 0);
    if (!found) await again.checkpoints.make('x', operator);
  }
});

test('every key that is made for an agent is in the table of contents', (t) => {
  const prefix = dataPrefix(1);
  for (const [name, make] of Object.entries(keys)) {
    if (typeof make !== 'function') continue;
    let key: unknown;
    try {
      key = (make as (...of: unknown[]) => unknown)(1, 'x', 'y', 'z');
    } catch {
      // It is made of something else than a number and names.
      continue;
    }
    if (typeof key !== 'string' || !key.startsWith(prefix) || key === prefix) continue;
    t.true(key.slice(prefix.length).split('/', 1)[0]! in contents, `${name}: ${key}`);
  }
});
