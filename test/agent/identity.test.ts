import test from 'ava';
import { setMaxListeners } from 'node:events';
import { operator } from '../../src/kernel/subject.ts';
import { ManualClock } from '../../src/drivers/clock/manual.ts';
import type { Keys } from '../../src/drivers/keys/keys.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { del, within, type Store } from '../../src/drivers/store/store.ts';
import { Agents } from '../../src/agent/agents.ts';
import { keylessPrefix, keyMarkKey, secretKey } from '../../src/agent/keys.ts';
import { matches, permitted } from '../../src/agent/permitted.ts';
import { keyPool } from '../support/keys.ts';
import { FragileStore, records } from './support.ts';

const forever = new AbortController().signal;
setMaxListeners(0, forever);

const open = (store: Store, keys?: Keys, clock = new ManualClock()): Promise<Agents> =>
  Agents.open({ store, clock, models: new Models(new Offline()), keys });

const keyless = async (store: Store): Promise<number> => {
  let found = 0;
  for await (const _ of store.keys(within(keylessPrefix))) found++;
  return found;
};

const pubkey = async (agents: Agents, name: string): Promise<string> =>
  (await (await agents.load(name))!.identity.names(forever)).pubkey;

/** Ends it as a crash does: nothing more reaches the store. */
const crash = (agents: Agents, store: FragileStore): FragileStore => {
  store.dead = true;
  void agents.close();
  return new FragileStore(store.inner);
};

test('an agent is made without waiting for its key, and has one as soon as somebody asks', async (t) => {
  const store = new FragileStore();
  const agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  const before = store.batches;
  const ada = await agents.define('ada', operator);
  t.is(store.batches, before + 1);
  t.is(await keyless(store), 1);
  t.is(store.get(secretKey(ada.id)), undefined);
  const { pubkey: key } = await ada.identity.names(forever);
  t.regex(key, /^[0-9a-f]{64}$/);
  t.is(await keyless(store), 0);
  t.is(await pubkey(agents, 'ada'), key);
});

test('a moment later it has one without being asked', async (t) => {
  const store = new FragileStore();
  const clock = new ManualClock();
  const agents = await open(store, keyPool(), clock);
  for (let made = 0; made < 300; made++) await agents.define(`a${made}`, operator);
  t.is(await keyless(store), 300);
  clock.advance(1_000);
  // What is under way at the end is finished, and what was not begun is kept.
  await agents.sync();
  t.is(await keyless(store), 0);
  await agents.close();
  const sealed = new Set(agents.list().map(({ id }) => Buffer.from(store.get(secretKey(id))!).toString('hex')));
  t.is(sealed.size, 300);
});

test('a crash before the key was made: the next start makes it, once', async (t) => {
  let store = new FragileStore();
  let agents = await open(store, keyPool());
  await agents.define('ada', operator);
  store = crash(agents, store);
  agents = await open(store, keyPool());
  t.is(await keyless(store), 1);
  const first = await pubkey(agents, 'ada');
  store = crash(agents, store);
  agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  t.is(await pubkey(agents, 'ada'), first);
});

test('a commit of keys that fails is no key, and is tried again', async (t) => {
  const store = new FragileStore();
  const agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  const ada = await agents.define('ada', operator);
  store.broken = true;
  await t.throwsAsync(ada.identity.names(forever), { code: 'EIO' });
  store.broken = false;
  t.regex((await ada.identity.names(forever)).pubkey, /^[0-9a-f]{64}$/);
});

test('a key stays through a rename, in the archive, and is nobody else’s', async (t) => {
  const store = new FragileStore();
  const agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  const ada = await agents.define('ada', operator);
  const key = await pubkey(agents, 'ada');
  await agents.rename('ada', 'eve', operator);
  t.is(await pubkey(agents, 'eve'), key);
  await agents.archive('eve', operator);
  t.truthy(store.get(secretKey(ada.id)));
  await agents.define('eve', operator);
  t.not(await pubkey(agents, 'eve'), key);
});

test('a fork has a key of its own, who comes back from the archive the old one', async (t) => {
  const store = new FragileStore();
  const agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  await agents.define('ada', operator);
  const key = await pubkey(agents, 'ada');
  await (await agents.load('ada'))!.checkpoints.make('x', operator);
  await agents.fork('ada', 'eva', { subject: operator });
  await agents.fork('ada', 'zoe', { checkpoint: 'x', subject: operator });
  t.is(await keyless(store), 2);
  t.is(new Set([key, await pubkey(agents, 'eva'), await pubkey(agents, 'zoe')]).size, 3);
  await agents.archive('ada', operator);
  await agents.unarchive('ada', operator, 'ida');
  t.is(await pubkey(agents, 'ida'), key);
  await agents.restore('ida', 'x', operator);
  t.is(await pubkey(agents, 'ida'), key);
});

test('what was archived before it had a key still gets one', async (t) => {
  const store = new FragileStore();
  const clock = new ManualClock();
  const agents = await open(store, keyPool(), clock);
  const ada = await agents.define('ada', operator);
  await agents.archive('ada', operator);
  clock.advance(1_000);
  await agents.sync();
  await agents.close();
  t.truthy(store.get(secretKey(ada.id)));
});

test('agents of a store that had no keys get theirs at the next start', async (t) => {
  const store = new FragileStore();
  let agents = await open(store);
  await agents.define('ada', operator);
  await t.throwsAsync(agents.get('ada')!.identity.names(forever), { code: 'ENOKEY' });
  await t.throwsAsync(agents.get('ada')!.identity.sign(Buffer.from('x'), operator, forever), { code: 'ENOKEY' });
  await agents.close();
  t.is(store.get(keyMarkKey), undefined);
  agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  t.regex(await pubkey(agents, 'ada'), /^[0-9a-f]{64}$/);
});

test('another server key is refused at the start, and nothing is lost', async (t) => {
  const store = new FragileStore();
  let agents = await open(store, keyPool());
  await agents.define('ada', operator);
  const key = await pubkey(agents, 'ada');
  await agents.close();
  const before = store.batches;
  await t.throwsAsync(open(store, keyPool(1)), { code: 'ENOKEY' });
  t.is(store.batches, before);
  agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  t.is(await pubkey(agents, 'ada'), key);
});

test('a sealed key that is gone is ENOKEY, one that was put in its place EBADMSG', async (t) => {
  const store = new FragileStore();
  const agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  const ada = await agents.define('ada', operator);
  const bob = await agents.define('bob', operator);
  await pubkey(agents, 'bob');
  await store.inner.batch([{ type: 'put', key: secretKey(ada.id), value: store.get(secretKey(bob.id))! }]);
  await t.throwsAsync(pubkey(agents, 'ada'), { code: 'EBADMSG' });
  await store.inner.batch([del(secretKey(ada.id))]);
  await t.throwsAsync(pubkey(agents, 'ada'), { code: 'ENOKEY' });
});

test('what the key was used for is in the chain, without the content', async (t) => {
  const store = new FragileStore();
  const agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  const ada = await agents.define('ada', operator);
  const before = ada.trajectory.head.seq;
  const { pubkey: key } = await ada.identity.names(forever);
  t.is(ada.trajectory.head.seq, before, 'looking at the public key is no act');
  await ada.identity.sign(Buffer.from('what I say'), operator, forever);
  const payload = await ada.identity.encrypt(key, 'for me alone', operator, forever);
  await ada.identity.decrypt(key, payload, operator, forever);
  const acts = (await records(ada.trajectory.journal)).filter(({ type }) => type === 'act');
  t.deepEqual(
    acts.map(({ act, by, bytes }) => ({ act, by, bytes })),
    [
      { act: 'identity.sign', by: 'operator', bytes: 10 },
      { act: 'identity.encrypt', by: 'operator', bytes: 12 },
      { act: 'identity.decrypt', by: 'operator', bytes: 12 },
    ],
  );
  t.false(JSON.stringify(acts).includes('for me'));
  t.is(
    ada.journals.reduce((waiting, journal) => waiting + journal.waiting, 0),
    0,
    'all of it was handed to the store',
  );
});

test('who gives up while the key is made hears it at once, and the key is made all the same', async (t) => {
  const store = new FragileStore();
  const agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  const ada = await agents.define('ada', operator);
  const abort = new AbortController();
  const asked = ada.identity.names(abort.signal);
  abort.abort();
  await t.throwsAsync(asked, { code: 'EINTR' });
  t.regex((await ada.identity.names(forever)).pubkey, /^[0-9a-f]{64}$/);
});

test('the first permission that matches decides', (t) => {
  const rules = [
    { verdict: 'deny', act: 'publish', glob: '4' },
    { verdict: 'allow', act: 'publish', glob: '1*' },
    { verdict: 'ask', act: '*', glob: '*' },
  ] as const;
  t.is(permitted(rules, 'publish', '4'), 'deny');
  t.is(permitted(rules, 'publish', '1'), 'allow');
  t.is(permitted(rules, 'publish', '1059'), 'allow');
  t.is(permitted(rules, 'publish', '0'), 'ask');
  t.is(permitted(rules, 'bash', '1'), 'ask');
  t.is(permitted([], 'publish', '1'), undefined);
  t.is(permitted([{ verdict: 'allow', act: 'bash', glob: '*' }], 'publish', '1'), undefined);
});

test('a star stands for any number of characters', (t) => {
  for (const [glob, text, is] of [
    ['', '', true],
    ['*', '', true],
    ['', 'a', false],
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'acb', false],
    ['*b*', 'abc', true],
    ['**', 'abc', true],
    ['a.c', 'abc', false],
    ['*ab', 'aab', true],
    ['a*a', 'a', false],
  ] as const) {
    t.is(matches(glob, text), is, `${glob} ${text}`);
  }
  t.false(matches('*a'.repeat(500), `${'a'.repeat(400)}b`), 'without trying every way');
});

test('a profile that was flushed and not closed when the server died holds at the next start', async (t) => {
  let store = new FragileStore();
  let agents = await open(store, keyPool());
  const ada = await agents.define('ada', operator);
  await ada.identity.profile.stage(Buffer.from('{"name": "ada"}'));
  t.is(Buffer.from(ada.identity.profile.content).toString(), '{}\n');
  store = crash(agents, store);
  agents = await open(store, keyPool());
  t.teardown(() => agents.close());
  const again = (await agents.load('ada'))!;
  t.is(Buffer.from(again.identity.profile.content).toString(), '{"name": "ada"}\n');
});
