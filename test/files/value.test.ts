import test from 'ava';
import { Value } from '../../src/files/value.ts';
import { O_APPEND, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain, put } from '../conformance/client.ts';
import { SessionClient } from '../conformance/session-client.ts';
import { Session } from '../../src/kernel/session.ts';
import { sessionOn } from '../support/nodes.ts';
import { shelf } from '../support/shelf.ts';
import { MemoryDocument } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async (content = 'old\n', options: ConstructorParameters<typeof MemoryDocument>[1] = {}) => {
  const world = newWorld();
  const document = new MemoryDocument(content, options);
  const refused: string[] = [];
  const root = shelf(world, { v: ['value', new Value(world, document)] }, ({ path, op, error }) =>
    refused.push(`${op} ${path} ${error.code}`),
  );
  let clock = 0;
  const on = await sessionOn(root, { now: () => clock });
  const client = new SessionClient(on.session);
  const another = (): SessionClient =>
    new SessionClient(new Session({ namespace: on.namespace, changes: on.changes, subject: on.session.subject }));
  const wait = (ms: number): void => void (clock += ms);
  return { world, document, refused, client, another, wait, session: on.session };
};

for (const slow of [false, true]) {
  const how = slow ? 'slow' : 'quick';

  test(`${how}: stat has the real size; a read is a snapshot of the open`, async (t) => {
    const { client } = await made('old\n', { slow });
    const { mode, size } = await client.stat('/v');
    t.deepEqual([mode, size], [0o100644, 4]);
    const file = await client.open('/v', O_RDONLY);
    await put(client, '/v', 'new content\n');
    t.is(await drain(file), 'old\n');
    await file.close();
    t.is(await cat(client, '/v'), 'new content\n');
    t.is((await client.stat('/v')).size, 12);
  });

  test(`${how}: { echo a; date; echo b; } > f flushes three times and is one document`, async (t) => {
    const { client, document } = await made('old\n', { slow });
    const file = await client.open('/v', O_WRONLY | O_TRUNC);
    await file.flush();
    for (const line of ['a\n', 'date\n', 'b\n']) {
      await file.write(line);
      await file.flush();
      t.is(document.content, 'old\n');
    }
    await file.close();
    t.deepEqual([document.content, document.counts.published], ['a\ndate\nb\n', 1]);
  });

  test(`${how}: the last stage decides`, async (t) => {
    const { client, document, refused } = await made('old\n', { slow });
    const file = await client.open('/v', O_WRONLY | O_TRUNC);
    await file.write('good ');
    await file.fsync();
    await file.write('bad');
    await t.throwsAsync(file.close(), { code: 'EINVAL' });
    t.deepEqual([document.content, document.counts.published, document.counts.dropped], ['old\n', 0, 1]);
    t.deepEqual(refused, ['close v EINVAL']);
    const other = await client.open('/v', O_WRONLY | O_TRUNC);
    await other.write('bad');
    await t.throwsAsync(other.fsync(), { code: 'EINVAL' });
    await other.write(' bad again');
    await other.truncate(0);
    await other.close();
    t.is(document.content, '');
  });

  test(`${how}: of two writers the last to close wins, whole`, async (t) => {
    const { client, another, document } = await made('old\n', { slow });
    const first = await client.open('/v', O_WRONLY | O_TRUNC);
    const second = await another().open('/v', O_WRONLY | O_TRUNC);
    await first.write('the first, which is longer\n');
    await second.write('second\n');
    await second.close();
    t.is(document.content, 'second\n');
    await first.close();
    t.is(document.content, 'the first, which is longer\n');
  });

  test(`${how}: pure appenders both survive, also where both staged`, async (t) => {
    const { client, another, document } = await made('old\n', { slow });
    const first = await client.open('/v', O_WRONLY | O_APPEND);
    const second = await another().open('/v', O_WRONLY | O_APPEND);
    await first.write('1');
    await first.write('1\n');
    await second.write('2\n');
    await first.fsync();
    await second.fsync();
    await second.close();
    await first.close();
    t.is(document.content, 'old\n2\n11\n');
  });

  test(`${how}: and so do ten that close in the same moment`, async (t) => {
    const { another, document } = await made('', { slow });
    const all = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const file = await another().open('/v', O_WRONLY | O_APPEND);
        await file.write(`${n}\n`);
        return file;
      }),
    );
    await Promise.all(all.map((file) => file.close()));
    t.deepEqual(document.content.split('\n').toSorted(), ['', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test(`${how}: what was closed is what the next open reads`, async (t) => {
    const { client, session } = await made('old\n', { slow });
    const file = await client.open('/v', O_WRONLY | O_TRUNC);
    await file.write('new\n');
    await file.flush();
    // FUSE's RELEASE is answered by nobody: the program's next open does not wait for it.
    const released = session.clunk(file.fid);
    t.is(await cat(client, '/v'), 'new\n');
    await released;
  });
}

test('a handle that has written reads its own buffer', async (t) => {
  const { client, document } = await made('hello world');
  const file = await client.open('/v', O_RDWR);
  await file.write('HELLO');
  t.is(await drain(file), ' world');
  t.is(document.content, 'hello world');
  await file.close();
  t.is(document.content, 'HELLO world');
});

test('without O_TRUNC the rest stays; nothing written changes nothing', async (t) => {
  const { client, document } = await made('hello world');
  const untouched = await client.open('/v', O_RDWR);
  await untouched.read();
  await untouched.close();
  t.is(document.counts.published, 0);
});

test('O_APPEND goes to the end whatever the offset, also in pieces', async (t) => {
  const { client, document } = await made('a\n');
  const file = await client.open('/v', O_RDWR | O_APPEND);
  await file.write('b\n');
  await file.write('c\n');
  await file.close();
  t.is(document.content, 'a\nb\nc\n');
});

test('O_TRUNC and nothing else publishes an empty document', async (t) => {
  const { client, document } = await made('old');
  await (await client.open('/v', O_WRONLY | O_TRUNC)).close();
  t.deepEqual([document.content, document.counts.published], ['', 1]);
});

test('where empty is not valid that is EINVAL and the old value stays', async (t) => {
  const { client, document, refused } = await made('old', { empty: false });
  const file = await client.open('/v', O_WRONLY | O_TRUNC);
  await t.throwsAsync(file.close(), { code: 'EINVAL' });
  t.is(document.content, 'old');
  t.deepEqual(refused, ['close v EINVAL']);
});

test('a shell that truncates and flushes before it writes triggers nothing', async (t) => {
  const { client, document } = await made('old', { empty: false });
  const file = await client.open('/v', O_WRONLY | O_TRUNC);
  await file.flush();
  await file.fsync();
  t.is(document.counts.staged, 0);
  await file.write('new');
  await file.close();
  t.is(document.content, 'new');
});

test('a truncate by path without an open handle has no effect', async (t) => {
  const { client, document } = await made('old');
  await client.truncate('/v', 0);
  await client.truncate('/v', 2);
  t.is(document.content, 'old');
  t.is(await cat(client, '/v'), 'old');
});

test('a truncate before the open (9P client of Linux 6.1) makes the open start empty, once', async (t) => {
  const { client, document, wait } = await made('old content');
  await client.truncate('/v', 0);
  wait(100);
  const file = await client.open('/v', O_WRONLY);
  await file.write('new');
  await file.close();
  t.is(document.content, 'new');
  const next = await client.open('/v', O_WRONLY);
  await next.write('N');
  await next.close();
  t.is(document.content, 'New');
});

test('such a truncate is forgotten after a while, is nothing to appenders, readers and other clients', async (t) => {
  const { client, another, document, wait } = await made('old');
  await client.truncate('/v', 0);
  wait(10_000);
  const late = await client.open('/v', O_WRONLY);
  await late.write('O');
  await late.close();
  t.is(document.content, 'Old');
  await client.truncate('/v', 0);
  t.is(await cat(client, '/v'), 'Old');
  await put(client, '/v', '!', '>>');
  t.is(document.content, 'Old!');
  await client.truncate('/v', 0);
  const other = await another().open('/v', O_WRONLY);
  await other.write('o');
  await other.close();
  t.is(document.content, 'old!');
});

test('a truncate by another fid after the open (Linux 6.12) empties the newest open', async (t) => {
  const { client, document } = await made('old content');
  const older = await client.open('/v', O_WRONLY);
  await older.write('OLD');
  const file = await client.open('/v', O_WRONLY);
  await client.truncate('/v', 0);
  await file.write('new');
  await older.close();
  t.is(document.content, 'OLD content');
  await file.close();
  t.is(document.content, 'new');
});

test('such a truncate and no write publishes an empty document', async (t) => {
  const { client, document } = await made('old content');
  const file = await client.open('/v', O_WRONLY);
  await client.truncate('/v', 0);
  await file.close();
  t.is(document.content, '');
});

test('ftruncate cuts and extends the buffer of its own handle', async (t) => {
  const { client, document } = await made('hello');
  const file = await client.open('/v', O_RDWR);
  await file.truncate(4);
  t.is(await drain(file), 'hell');
  await file.truncate(6);
  await file.close();
  t.is(document.content, 'hell\0\0');
});

test('ftruncate of an appender that others overtook keeps only what comes after', async (t) => {
  const { client, document } = await made('old\n');
  const file = await client.open('/v', O_WRONLY | O_APPEND);
  await file.truncate(0);
  await file.write('new\n');
  await put(client, '/v', 'between\n');
  await file.close();
  t.is(document.content, 'new\n');
});

test('past the limit is EFBIG, and a document that lost a part is not published', async (t) => {
  const { client, document, refused } = await made('old', { limit: 10 });
  const file = await client.open('/v', O_WRONLY | O_TRUNC);
  await file.write('12345678');
  await t.throwsAsync(file.write('90ab'), { code: 'EFBIG' });
  await t.throwsAsync(file.close(), { code: 'EFBIG' });
  t.is(document.content, 'old');
  t.deepEqual(refused, ['write v EFBIG', 'close v EFBIG']);
  const again = await client.open('/v', O_WRONLY | O_TRUNC);
  await t.throwsAsync(again.write('1234567890a'), { code: 'EFBIG' });
  await t.throwsAsync(again.truncate(11), { code: 'EFBIG' });
  await again.truncate(0);
  await again.write('1234567890');
  await again.close();
  t.is(document.content, '1234567890');
});

test('a zero-length write is no write', async (t) => {
  const { client, document } = await made('old');
  const file = await client.open('/v', O_WRONLY);
  t.is(await file.write(''), 0);
  await file.close();
  t.is(document.counts.published, 0);
});

test('publishing moves version and mtime, and is announced', async (t) => {
  const { client, world } = await made('old');
  const before = await client.stat('/v');
  world.at += 5000;
  const heard: number[] = [];
  world.changes.subscribe({ attributes: (qid) => void heard.push(qid), entry: () => undefined });
  await put(client, '/v', 'new');
  t.true(heard.includes(before.ino));
  t.is((await client.stat('/v')).mtimeMs, world.at);
});

test('chmod and utimes do nothing, chown to the same owner too; to another it is EPERM', async (t) => {
  const { client } = await made('old');
  const before = await client.stat('/v');
  await client.chmod('/v', 0o600);
  await client.utimes('/v', 1, 2);
  await client.chown('/v', before.uid, before.gid);
  t.deepEqual(await client.stat('/v'), before);
  await t.throwsAsync(client.chown('/v', 12345, before.gid), { code: 'EPERM' });
});

test('a lost connection is a last close: what was staged or written is published', async (t) => {
  const { client, document } = await made('old');
  const file = await client.open('/v', O_WRONLY | O_TRUNC);
  await file.write('new');
  await client.end();
  t.is(document.content, 'new');
});
