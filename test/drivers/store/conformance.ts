import type { ExecutionContext, TestFn } from 'ava';
import { del, put, within, type Range, type Store } from '../../../src/drivers/store/store.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

const entries = async (store: Store, range: Range): Promise<string[]> => {
  const found: string[] = [];
  for await (const [key, value] of store.range(range)) found.push(`${key}=${Buffer.from(value).toString()}`);
  return found;
};

/** What every engine does alike. */
export const conformance = (test: TestFn, open: (t: ExecutionContext) => Promise<Store>): void => {
  test('a value is there when its batch resolved, and gone when it was deleted', async (t) => {
    const store = await open(t);
    t.is(store.get('a'), undefined);
    await store.batch([put('a', bytes('1')), put('empty', bytes(''))]);
    t.deepEqual(Buffer.from(store.get('a')!).toString(), '1');
    t.is(store.get('empty')?.length, 0);
    await store.batch([del('a'), del('never')]);
    t.is(store.get('a'), undefined);
  });

  test('the last operation on a key wins, within a batch and between batches', async (t) => {
    const store = await open(t);
    await store.batch([put('a', bytes('1')), del('a'), put('a', bytes('2'))]);
    t.is(Buffer.from(store.get('a')!).toString(), '2');
    const both = [store.batch([put('a', bytes('3'))], { sync: false }), store.batch([put('a', bytes('4'))])];
    await Promise.all(both);
    t.is(Buffer.from(store.get('a')!).toString(), '4');
  });

  test('batches resolve in the order of the calls', async (t) => {
    const store = await open(t);
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        await store.batch([put('k', bytes(String(index)))], { sync: index % 3 === 0 });
        order.push(index);
      }),
    );
    t.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    t.is(Buffer.from(store.get('k')!).toString(), '49');
  });

  test('a snapshot stays what it was, over several reads', async (t) => {
    const store = await open(t);
    await store.batch([put('a/1', bytes('1')), put('b/1', bytes('1'))]);
    const snapshot = store.snapshot();
    await store.batch([put('a/1', bytes('2')), put('a/2', bytes('2')), del('b/1')]);
    const found: string[] = [];
    for await (const [key, value] of snapshot.range(within('a/')))
      found.push(`${key}=${Buffer.from(value).toString()}`);
    for await (const key of snapshot.keys(within('b/'))) found.push(key);
    t.deepEqual(found, ['a/1=1', 'b/1']);
    t.is(Buffer.from(snapshot.get('b/1')!).toString(), '1');
    t.is(snapshot.get('a/2'), undefined);
    await snapshot.close();
    t.is(store.get('b/1'), undefined);
    t.deepEqual(await entries(store, within('a/')), ['a/1=2', 'a/2=2']);
  });

  test('ranges are sorted and honour every bound', async (t) => {
    const store = await open(t);
    await store.batch(['b', 'a', 'd/1', 'd/2', 'e', 'c'].map((key) => put(key, bytes(key.toUpperCase()))));
    t.deepEqual(await entries(store, {}), ['a=A', 'b=B', 'c=C', 'd/1=D/1', 'd/2=D/2', 'e=E']);
    t.deepEqual(await entries(store, { gt: 'a', lte: 'c' }), ['b=B', 'c=C']);
    t.deepEqual(await entries(store, { gte: 'b', lt: 'c' }), ['b=B']);
    t.deepEqual(await entries(store, { reverse: true, limit: 2 }), ['e=E', 'd/2=D/2']);
    t.deepEqual(await entries(store, within('d/')), ['d/1=D/1', 'd/2=D/2']);
    const keys: string[] = [];
    for await (const key of store.keys(within('d/'))) keys.push(key);
    t.deepEqual(keys, ['d/1', 'd/2']);
  });

  test('a range shows what was there when it began', async (t) => {
    const store = await open(t);
    await store.batch([put('a', bytes('1')), put('b', bytes('1'))]);
    const found: string[] = [];
    for await (const [key] of store.range({})) {
      found.push(key);
      if (found.length === 1) await store.batch([del('b'), put('c', bytes('1'))]);
    }
    t.deepEqual(found, ['a', 'b']);
  });

  test('after close everything is ESTALE', async (t) => {
    const store = await open(t);
    const last = store.batch([put('a', bytes('1'))]);
    await store.close();
    await t.notThrowsAsync(last);
    await t.throwsAsync(store.batch([put('a', bytes('2'))]), { code: 'ESTALE' });
    await t.throwsAsync(entries(store, {}), { code: 'ESTALE' });
    await t.notThrowsAsync(store.close());
  });
};
