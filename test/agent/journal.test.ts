import test from 'ava';
import { MemoryStore } from '../../src/drivers/store/memory.ts';
import { commit } from '../../src/agent/commit.ts';
import { Journal, type JournalRecord } from '../../src/agent/journal.ts';
import { all, forever, FragileStore, text } from './support.ts';

const prefix = 'x/log/';
const record = (n: number): JournalRecord => ({ n, text: `é${'.'.repeat(n % 7)}` });
const append = (journal: Journal, added: JournalRecord): Promise<void> => {
  journal.append(added);
  return journal.flush();
};
const lineOf = (n: number): string => `${JSON.stringify(record(n))}\n`;

test('a record shows at once, and is there after opening again when it was committed', async (t) => {
  const store = new MemoryStore();
  const journal = await Journal.open(store, prefix);
  t.is(journal.size, 0);
  journal.append(record(1));
  t.is(journal.size, Buffer.byteLength(lineOf(1)));
  t.is(await all(journal), lineOf(1));
  await append(journal, record(2));
  journal.append(record(3));
  t.is(await all(journal), lineOf(1) + lineOf(2) + lineOf(3));
  const again = await Journal.open(store, prefix);
  t.is(await all(again), lineOf(1) + lineOf(2));
  t.is(await again.last(), lineOf(2).trimEnd());
});

test('any byte range is the same bytes, wherever they are', async (t) => {
  const store = new MemoryStore();
  const journal = await Journal.open(store, prefix);
  let whole = '';
  for (let n = 0; n < 60; n++) {
    journal.append(record(n));
    whole += lineOf(n);
    if (n % 4 === 0 && n < 50) await journal.flush();
  }
  const bytes = Buffer.from(whole);
  t.is(journal.size, bytes.length);
  for (let offset = 0; offset <= bytes.length + 3; offset += 5) {
    for (const count of [1, 2, 17, 200, 10_000]) {
      const got = Buffer.from(await journal.read(offset, count));
      t.true(got.equals(bytes.subarray(offset, offset + count)), `${offset} ${count}`);
    }
  }
});

test('bytes that reach the disk in the middle of a read are not lost', async (t) => {
  const store = new MemoryStore();
  const journal = await Journal.open(store, prefix);
  await append(journal, record(1));
  journal.append(record(2));
  const reading = journal.read(0, 1_000);
  await journal.flush();
  journal.append(record(3));
  t.is(text(await reading), lineOf(1) + lineOf(2));
});

test('a commit that fails loses nothing, and the next one carries it', async (t) => {
  const store = new FragileStore();
  const journal = await Journal.open(store, prefix);
  store.broken = true;
  await t.throwsAsync(append(journal, record(1)), { code: 'EIO' });
  journal.append(record(2));
  t.is(await all(journal), lineOf(1) + lineOf(2));
  store.broken = false;
  await journal.flush();
  t.is(await all(await Journal.open(store, prefix)), lineOf(1) + lineOf(2));
});

test('a durable journal shows nothing before the disk has it, and never what a failed commit carried', async (t) => {
  const store = new FragileStore();
  const journal = await Journal.open(store, prefix, { durable: true });
  const seen: string[] = [];
  journal.subscribe((bytes) => seen.push(text(bytes)));
  journal.append(record(1));
  t.is(journal.size, 0);
  store.broken = true;
  await t.throwsAsync(commit(store, [], [journal]), { code: 'EIO' });
  store.broken = false;
  journal.append(record(2));
  journal.rollback();
  journal.append(record(3));
  const committed = commit(store, [], [journal]);
  t.is(journal.size, 0);
  await committed;
  t.is(await all(journal), lineOf(3));
  t.deepEqual(seen, [lineOf(3)]);
  t.is(await all(await Journal.open(store, prefix, { durable: true })), lineOf(3));
});

test('the oldest whole records go when it is too long', async (t) => {
  const store = new MemoryStore();
  const journal = await Journal.open(store, prefix, { limit: 4_096 });
  for (let n = 0; n < 1_000; n++) await append(journal, record(n));
  await journal.settled();
  t.true(journal.size <= 4_096 * 1.1, String(journal.size));
  t.true(journal.size >= 4_096 * 0.9);
  const kept = await all(journal);
  const first = (JSON.parse(kept.slice(0, kept.indexOf('\n'))) as { n: number }).n;
  t.is(kept, Array.from({ length: 1_000 - first }, (_, index) => lineOf(first + index)).join(''));
  const again = await Journal.open(store, prefix, { limit: 4_096 });
  t.is(await all(again), kept);
});

test('while it is held nothing moves, and what had to go reads as empty lines', async (t) => {
  const store = new MemoryStore();
  const journal = await Journal.open(store, prefix, { limit: 4_096 });
  for (let n = 0; n < 100; n++) await append(journal, record(n));
  journal.hold();
  const before = await all(journal);
  let size = journal.size;
  for (let n = 100; n < 1_000; n++) {
    await append(journal, record(n));
    t.true(journal.size > size);
    size = journal.size;
  }
  await journal.settled();
  const after = await all(journal);
  t.is(Buffer.byteLength(after), size);
  t.regex(after.slice(0, Buffer.byteLength(before) - 100), /^\n+$/);
  t.true(after.endsWith(lineOf(999)));
  let stored = 0;
  for await (const [, value] of store.range({})) stored += value.length;
  t.true(stored <= 4_096 * 2.2, String(stored));
  journal.release();
  await journal.settled();
  t.true(journal.size <= 4_096 * 1.1);
  t.true((await all(journal)).endsWith(lineOf(999)));
});

test('a closed journal is ESTALE', async (t) => {
  const journal = await Journal.open(new MemoryStore(), prefix);
  await append(journal, record(1));
  journal.close();
  t.throws(() => journal.read(0, 1), { code: 'ESTALE' });
  t.throws(() => journal.follow('now'), { code: 'ESTALE' });
});

test('a cursor from now hears what comes, record by record or together', async (t) => {
  const journal = await Journal.open(new MemoryStore(), prefix);
  journal.append(record(1));
  const cursor = journal.follow('now');
  const next = cursor.next(forever());
  t.false(cursor.ready);
  journal.append(record(2));
  t.is(text(await next), lineOf(2));
  journal.append(record(3));
  journal.append(record(4));
  t.true(cursor.ready);
  t.is(text(await cursor.next(forever())), lineOf(3) + lineOf(4));
  t.is(journal.followers, 1);
  cursor.close();
  t.is(journal.followers, 0);
});

test('a wait is interrupted by its signal, and nothing is lost by that', async (t) => {
  const journal = await Journal.open(new MemoryStore(), prefix);
  const cursor = journal.follow('now');
  const abort = new AbortController();
  const next = cursor.next(abort.signal);
  abort.abort();
  await t.throwsAsync(next, { code: 'EINTR' });
  journal.append(record(1));
  t.is(text(await cursor.next(forever())), lineOf(1));
});

test('poll wakes once', async (t) => {
  const journal = await Journal.open(new MemoryStore(), prefix);
  const cursor = journal.follow('now');
  let woken = 0;
  t.false(cursor.poll(() => woken++));
  journal.append(record(1));
  journal.append(record(2));
  t.is(woken, 1);
  t.true(cursor.poll(() => woken++));
});

test('a slow reader gets a gap record and the newest, never the end', async (t) => {
  const journal = await Journal.open(new MemoryStore(), prefix);
  const cursor = journal.follow('now');
  for (let n = 0; n < 2_500; n++) journal.append(record(n));
  let got = '';
  while (cursor.ready) got += text(await cursor.next(forever()));
  t.is(got, `{"gap":1500}\n${Array.from({ length: 1_000 }, (_, n) => lineOf(1_500 + n)).join('')}`);
  journal.append(record(9));
  t.is(text(await cursor.next(forever())), lineOf(9));
});

test('a cursor from an offset reads what is kept and goes on live, without a gap or a repetition', async (t) => {
  const store = new MemoryStore();
  const journal = await Journal.open(store, prefix);
  let whole = '';
  const add = (n: number): void => {
    journal.append({ ...record(n), pad: 'x'.repeat(900) });
    whole += `${JSON.stringify({ ...record(n), pad: 'x'.repeat(900) })}\n`;
  };
  for (let n = 0; n < 500; n++) add(n);
  await journal.flush();
  const cursor = journal.follow(0);
  let got = '';
  let n = 500;
  while (got.length < whole.length) {
    got += text(await cursor.next(forever()));
    if (n < 520) add(n++);
  }
  t.is(got, whole);
  add(999);
  got += text(await cursor.next(forever()));
  t.is(got, whole);
});

test('a cursor from the running tick begins with its records', async (t) => {
  const journal = await Journal.open(new MemoryStore(), prefix);
  journal.append(record(1));
  journal.beginRun();
  journal.append(record(2));
  const running = journal.follow('running tick');
  journal.append(record(3));
  journal.endRun();
  t.is(text(await running.next(forever())), lineOf(2) + lineOf(3));
  const idle = journal.follow('running tick');
  t.false(idle.ready);
});
