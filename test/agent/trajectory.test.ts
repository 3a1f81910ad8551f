import test from 'ava';
import { put, within } from '../../src/drivers/store/store.ts';
import { MemoryStore } from '../../src/drivers/store/memory.ts';
import { Journal } from '../../src/agent/journal.ts';
import { assertIntact, Trajectory, verify } from '../../src/agent/trajectory.ts';
import { all } from './support.ts';

const prefix = 'x/log/';

const chain = async (count: number, store = new MemoryStore(), limit?: number) => {
  const journal = await Journal.open(store, prefix, limit === undefined ? {} : { limit });
  const trajectory = await Trajectory.open(journal);
  for (let n = 0; n < count; n++) {
    trajectory.append({ time: 't', tick: n, cause: 'message', type: 'phase', phase: 'WAKE', text: `é ${n}` });
    await journal.flush();
  }
  return { store, journal, trajectory };
};

/** Changes the whole log as somebody with the store in his hands would. */
const tamper = async (store: MemoryStore, change: (lines: string[]) => string[]): Promise<Journal> => {
  const journal = await Journal.open(store, prefix);
  const lines = (await all(journal)).trimEnd().split('\n');
  const keys: string[] = [];
  for await (const key of store.keys(within(prefix))) keys.push(key);
  await store.batch(keys.map((key) => ({ type: 'del', key })));
  const bytes = Buffer.from(`${change(lines).join('\n')}\n`);
  await store.batch([put(`${prefix}${'0'.repeat(16)}`, bytes)]);
  return Journal.open(store, prefix);
};

test('an intact chain holds, also after opening again and going on', async (t) => {
  const { store, journal, trajectory } = await chain(5);
  t.is(await verify(journal, trajectory.head), undefined);
  const more = await chain(3, store);
  t.is(more.trajectory.head.seq, 8);
  t.is(await verify(more.journal, more.trajectory.head), undefined);
  t.is(await verify(more.journal, trajectory.head), undefined);
  t.is(await verify((await chain(0)).journal), undefined);
});

test('the first record that was altered is found', async (t) => {
  for (const [seq, change] of [
    [3, (lines: string[]) => lines.with(2, lines[2]!.replace('é 2', 'é 9'))],
    [1, (lines: string[]) => lines.with(0, lines[0]!.replace('WAKE', 'WOKE'))],
    [3, (lines: string[]) => lines.toSpliced(2, 1)],
    [2, (lines: string[]) => [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)]],
    [4, (lines: string[]) => lines.with(3, lines[3]!.replace(/[0-9a-f]"\}$/, 'x"}'))],
    [6, (lines: string[]) => [...lines, '{"seq":6}']],
  ] as const) {
    const { store } = await chain(5);
    const altered = await verify(await tamper(store, change));
    t.is(altered?.seq ?? 1, seq, altered?.reason);
  }
});

test('a lost end is found with the head that was kept elsewhere', async (t) => {
  const { store, trajectory } = await chain(5);
  const journal = await tamper(store, (lines) => lines.slice(0, 3));
  t.is(await verify(journal), undefined);
  t.is((await verify(journal, trajectory.head))?.seq, 4);
  await t.throwsAsync(assertIntact(journal, trajectory.head), { code: 'EBADMSG' });
});

test('where the oldest were dropped, the rest holds', async (t) => {
  const { journal, trajectory } = await chain(200, new MemoryStore(), 8_192);
  await journal.settled();
  t.false((await all(journal)).includes('"seq":1,'));
  t.is(await verify(journal, trajectory.head), undefined);
});

test('a record that had to be cut still stands in the chain', async (t) => {
  const { journal, trajectory } = await chain(1);
  trajectory.append({ time: 't', tick: 1, cause: 'message', type: 'model', text: 'é"'.repeat(100_000) });
  trajectory.append({
    time: 't',
    tick: 1,
    cause: 'message',
    type: 'model',
    list: Array.from({ length: 90_000 }, () => 1),
  });
  trajectory.append({ time: 't', tick: 2, cause: 'message', type: 'phase', phase: 'WAKE' });
  await journal.flush();
  t.is(await verify(journal, trajectory.head), undefined);
  for (const line of (await all(journal)).trimEnd().split('\n')) t.true(Buffer.byteLength(line) < 65_536);
});
