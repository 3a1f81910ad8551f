import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { withCopy } from '../../../src/drivers/store/copy.ts';
import { holder, LevelStore } from '../../../src/drivers/store/level.ts';
import { put } from '../../../src/drivers/store/store.ts';
import { Errno } from '../../../src/kernel/errno.ts';

const { signal } = new AbortController();

/** A database that was opened three times, so that it has tables older than its manifest. */
const made = async (t: ExecutionContext): Promise<string> => {
  const base = mkdtempSync(join(tmpdir(), 'weft-copy-'));
  t.teardown(() => rmSync(base, { recursive: true }));
  const db = join(base, 'db');
  for (const value of ['a', 'b', 'c']) {
    const store = await LevelStore.open(db);
    await store.batch([put(value, Buffer.from(value))]);
    await store.close();
  }
  return db;
};

const contents = (db: string): Record<string, string> => ({
  '..': readdirSync(join(db, '..')).join(' '),
  ...Object.fromEntries(readdirSync(db).map((name) => [name, readFileSync(join(db, name), 'base64')])),
});

test('a copy has everything, and what is written to it stays there', async (t) => {
  const db = await made(t);
  const before = contents(db);
  await withCopy(db, signal, async (copy) => {
    t.is(statSync(join(copy, '..')).mode & 0o777, 0o700);
    const store = await LevelStore.open(copy);
    for (const key of ['a', 'b', 'c']) t.is(Buffer.from(store.get(key)!).toString(), key);
    await store.batch([put('d', Buffer.from('d'))]);
    await store.close();
  });
  t.deepEqual(contents(db), before);
});

test('tables older than the manifest are shared, those a crash may have left are not', async (t) => {
  const db = await made(t);
  writeFileSync(join(db, '900000.ldb'), 'left over');
  const tables = readdirSync(db).filter((name) => name.endsWith('.ldb'));
  t.true(tables.length > 1);
  const manifest = Number(readFileSync(join(db, 'CURRENT'), 'utf8').slice('MANIFEST-'.length));
  const older = tables.filter((name) => parseInt(name) < manifest);
  t.true(older.length > 0);
  await withCopy(db, signal, (copy) => {
    const shared = tables.filter((name) => statSync(join(copy, name)).ino === statSync(join(db, name)).ino);
    t.deepEqual(shared, older);
    return Promise.resolve();
  });
});

test('a database that is open is EBUSY, and stays locked', async (t) => {
  const db = await made(t);
  const store = await LevelStore.open(db);
  await t.throwsAsync(
    withCopy(db, signal, () => Promise.resolve()),
    { code: 'EBUSY' },
  );
  t.is(await holder(join(db, 'LOCK')), process.pid);
  t.deepEqual(readdirSync(join(db, '..')), ['db']);
  await store.close();
});

test('one without LOCK is copied, and gets none', async (t) => {
  const db = await made(t);
  rmSync(join(db, 'LOCK'));
  const before = contents(db);
  t.true(await withCopy(db, signal, (copy) => Promise.resolve(readdirSync(copy).includes('CURRENT'))));
  t.deepEqual(contents(db), before);
});

test('what fails and what is interrupted leaves no copy', async (t) => {
  const db = await made(t);
  const before = contents(db);
  await t.throwsAsync(
    withCopy(db, signal, () => Promise.reject(new Errno('EIO', 'no'))),
    { code: 'EIO' },
  );
  await t.throwsAsync(
    withCopy(db, AbortSignal.abort(), () => Promise.resolve()),
    { code: 'EINTR' },
  );
  t.deepEqual(contents(db), before);
});
