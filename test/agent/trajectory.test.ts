import test from 'ava';
import { put, within } from '../../src/drivers/store/store.ts';
import { MemoryStore } from '../../src/drivers/store/memory.ts';
import { chainAnchorKey, chainHeadKey, journalPrefix } from '../../src/agent/keys.ts';
import { join } from '../../src/agent/parts.ts';
import { assertIntact, Trajectory } from '../../src/agent/trajectory.ts';
import { headOf } from '../../src/agent/verify.ts';
import { all, FragileStore, records } from './support.ts';

const prefix = journalPrefix(1, 'trajectory');

const chain = async (count: number, store = new MemoryStore(), options = {}) => {
  const trajectory = await Trajectory.open(store, 1, options);
  for (let n = 0; n < count; n++) {
    trajectory.append({ time: 't', tick: n, cause: 'message', type: 'phase', phase: 'WAKE', text: `é ${n}` });
    await trajectory.journal.flush();
  }
  return { store, journal: trajectory.journal, trajectory };
};

/** Changes the whole log as somebody with the store in his hands would. */
const tamper = async (store: MemoryStore, change: (lines: string[]) => string[]): Promise<Trajectory> => {
  const { journal } = await Trajectory.open(store, 1);
  const lines = (await all(journal)).trimEnd().split('\n');
  const keys: string[] = [];
  for await (const key of store.keys(within(prefix))) keys.push(key);
  await store.batch(keys.map((key) => ({ type: 'del', key })));
  const bytes = Buffer.from(`${change(lines).join('\n')}\n`);
  await store.batch([put(`${prefix}${'0'.repeat(16)}`, bytes)]);
  return Trajectory.open(store, 1);
};

test('an intact chain holds, also after opening again and going on', async (t) => {
  const { store, trajectory } = await chain(5);
  t.is(await trajectory.verify(), undefined);
  const more = await chain(3, store);
  t.is(more.trajectory.head.seq, 8);
  t.is(await more.trajectory.verify(), undefined);
  t.is(await (await chain(0)).trajectory.verify(), undefined);
});

test('the first record that was altered is found', async (t) => {
  for (const [seq, change] of [
    [3, (lines: string[]) => lines.with(2, lines[2]!.replace('é 2', 'é 9'))],
    [1, (lines: string[]) => lines.with(0, lines[0]!.replace('WAKE', 'WOKE'))],
    [1, (lines: string[]) => lines.slice(1)],
    [3, (lines: string[]) => lines.toSpliced(2, 1)],
    [2, (lines: string[]) => [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)]],
    [4, (lines: string[]) => lines.with(3, lines[3]!.replace(/[0-9a-f]"\}$/, 'x"}'))],
    [4, (lines: string[]) => lines.slice(0, 3)],
    [6, (lines: string[]) => [...lines, '{"seq":6}']],
  ] as const) {
    const { store } = await chain(5);
    const altered = await (await tamper(store, change)).verify();
    t.is(altered?.seq, seq, altered?.reason);
  }
});

test('a record that was replaced by one with a hash of its own is found, also the last and the first', async (t) => {
  for (const at of [1, 3, 5]) {
    const { store } = await chain(5);
    const other = await chain(0);
    for (let n = 1; n <= 5; n++) {
      const text = n === at ? 'forged' : `é ${n - 1}`;
      other.trajectory.append({ time: 't', tick: n - 1, cause: 'message', type: 'phase', phase: 'WAKE', text });
    }
    const forged = (await all(other.journal)).split('\n')[at - 1]!;
    const altered = await (await tamper(store, (lines) => lines.with(at - 1, forged))).verify();
    t.is(altered?.seq, at, altered?.reason);
  }
});

test('a byte that is flipped anywhere names its record', async (t) => {
  const { store, journal } = await chain(4);
  const lines = (await all(journal)).trimEnd().split('\n');
  const whole = Buffer.from(`${lines.join('\n')}\n`);
  const key = `${prefix}${'0'.repeat(16)}`;
  await tamper(store, (same) => same);
  let [seq, end] = [1, Buffer.byteLength(lines[0]!) + 1];
  for (let at = 0; at < whole.length; at++) {
    if (at >= end) end += Buffer.byteLength(lines[seq++]!) + 1;
    for (const flip of [0x01, 0x20, 0x80, whole[at]! ^ 0x0a, whole[at]!]) {
      if (flip === 0) continue; // the newline itself, as a newline
      const bytes = Buffer.from(whole);
      bytes[at]! ^= flip;
      await store.batch([put(key, bytes)]);
      const altered = await (await Trajectory.open(store, 1)).verify();
      t.is(altered?.seq, seq, `byte ${at} ^ ${flip}: ${altered?.reason}`);
    }
  }
});

test('an altered end does not become the truth by going on', async (t) => {
  const { store } = await chain(5);
  for (const change of [
    (lines: string[]) => lines.with(4, lines[4]!.replace('é 4', 'é 9')),
    (lines: string[]) => lines.with(4, lines[4]!.replace('{', '}')),
  ]) {
    await tamper(store, change);
    const { trajectory } = await chain(2, store);
    t.is((await trajectory.verify())?.seq, 5);
    await t.throwsAsync(assertIntact(trajectory.journal, trajectory.chain), { code: 'EBADMSG' });
  }
});

test('a head or an anchor that was altered is found', async (t) => {
  for (const [key, value] of [
    [chainHeadKey(1), '{"seq":5,"hash":"no"}'],
    [chainHeadKey(1), `{"seq":7,"hash":"${'0'.repeat(64)}"}`],
    [chainAnchorKey(1), `{"seq":2,"hash":"${'0'.repeat(64)}"}`],
  ] as const) {
    const { store } = await chain(5);
    await store.batch([put(key, Buffer.from(value))]);
    const { trajectory } = await chain(1, store);
    t.truthy(await trajectory.verify(), value);
  }
});

test('where the oldest were dropped, the chain holds from the anchor on', async (t) => {
  const options = { limit: 8_192 };
  const { store, journal, trajectory } = await chain(200, new MemoryStore(), options);
  await journal.settled();
  const kept = await all(journal);
  t.false(kept.includes('"seq":1,'));
  const first = headOf(Buffer.from(kept.slice(0, kept.indexOf('\n'))))!;
  t.is(trajectory.chain.anchor.seq, first.seq - 1);
  t.is((await records(journal))[0]!['prev'], trajectory.chain.anchor.hash);
  t.is(await trajectory.verify(), undefined);
  await journal.settled();
  const again = await Trajectory.open(store, 1, options);
  t.deepEqual(again.chain, trajectory.chain);
  t.is(await again.verify(), undefined);
  await again.journal.settled();
  const next = again.chain.anchor.seq + 1;
  // One record more cut off by somebody else is missing.
  const key = (await keysOf(store))[0]!;
  const stored = Buffer.from(store.get(key)!);
  await store.batch([put(key, Buffer.concat([Buffer.from('\n'), stored.subarray(stored.indexOf('\n') + 1)]))]);
  t.is((await (await Trajectory.open(store, 1, options)).verify())?.seq, next);
});

const keysOf = async (store: MemoryStore): Promise<string[]> => {
  const keys: string[] = [];
  for await (const key of store.keys(within(prefix))) keys.push(key);
  return keys;
};

test('whichever commit a crash comes before, the chain holds from anchor to head', async (t) => {
  for (let life = 1; life < 60; life += 3) {
    const inner = new MemoryStore();
    const store = new FragileStore(inner);
    const trajectory = await Trajectory.open(store, 1, { limit: 2_048 });
    const batches = store.batches;
    for (let n = 0; n < 60 && !store.dead; n++) {
      trajectory.append({ time: 't', tick: n, cause: 'message', type: 'phase', phase: 'WAKE' });
      store.dead = store.batches - batches >= life;
      if (!store.dead) await trajectory.journal.flush();
    }
    if (!store.dead) await trajectory.journal.settled();
    const again = await Trajectory.open(inner, 1, { limit: 2_048 });
    t.is(await again.verify(), undefined, `life ${life}`);
  }
});

test('a record that is too long for a line is there in parts, whole', async (t) => {
  const { journal, trajectory } = await chain(1);
  const long = {
    time: 't',
    tick: 1,
    cause: 'message',
    type: 'model',
    text: 'é"\\\n\u{1f600}'.repeat(30_000),
    list: Array.from({ length: 90_000 }, () => 1),
  };
  trajectory.append(long);
  trajectory.append({ time: 't', tick: 2, cause: 'message', type: 'phase', phase: 'WAKE' });
  await journal.flush();
  t.is(await trajectory.verify(), undefined);
  const lines = (await all(journal)).trimEnd().split('\n');
  for (const line of lines) t.true(Buffer.byteLength(line) < 65_536);
  t.true(lines.length > 5);
  const [, whole, after, ...more] = [...join(await records(journal))];
  const { seq: _, prev: __, hash: ___, ...same } = whole!;
  t.deepEqual(same, long);
  t.is(after!['phase'], 'WAKE');
  t.deepEqual(more, []);
});

test('a record of more than 4 MiB is cut, says so and stands in the chain', async (t) => {
  const { journal, trajectory } = await chain(0);
  trajectory.append({ time: 't', tick: 1, cause: 'message', type: 'model', text: 'x'.repeat(6 * 1024 * 1024) });
  await journal.flush();
  t.is(await trajectory.verify(), undefined);
  const [whole] = [...join(await records(journal))];
  t.regex(String(whole!['text']), /xx \[cut: \d+ bytes\]$/);
});

test('parts without the others stay parts', (t) => {
  const part = (n: number) => ({ type: 'part', of: 'model', part: n, parts: 3, json: '' });
  t.deepEqual(
    [...join([part(2), part(3), { type: 'phase' }, part(1), { type: 'phase' }, part(1)])].map(({ type }) => type),
    ['part', 'part', 'phase', 'part', 'phase', 'part'],
  );
});
