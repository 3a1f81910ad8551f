import test from 'ava';
import { MemoryStore } from '../../../src/drivers/store/memory.ts';
import { prepare, versionKey } from '../../../src/drivers/store/schema.ts';
import { put, type Store } from '../../../src/drivers/store/store.ts';

const version = (store: Store): string => Buffer.from(store.get(versionKey)!).toString();

test('an empty store gets the version', async (t) => {
  const store = new MemoryStore();
  await prepare(store, 3);
  t.is(version(store), '3\n');
  await t.notThrowsAsync(prepare(store, 3));
});

test('a store of a later version, or of an earlier one without a way, is refused and left alone', async (t) => {
  const store = new MemoryStore();
  await prepare(store, 3);
  await t.throwsAsync(prepare(store, 2), { code: 'ENOTSUP' });
  await t.throwsAsync(prepare(store, 4), { code: 'ENOTSUP' });
  t.is(version(store), '3\n');
});

test('a store that holds something but no version is not ours', async (t) => {
  const store = new MemoryStore();
  await store.batch([put('x', Buffer.from('1'))]);
  await t.throwsAsync(prepare(store, 1), { code: 'ENOTSUP' });
});

test('migrations run in order, each with its version', async (t) => {
  const store = new MemoryStore();
  await prepare(store, 1);
  await prepare(store, 3, {
    1: async () => [put('a', Buffer.from('one'))],
    2: async (found) => [put('b', Buffer.concat([found.get('a')!, Buffer.from(' two')]))],
  });
  t.is(Buffer.from(store.get('b')!).toString(), 'one two');
  t.is(version(store), '3\n');
});
