import test from 'ava';
import { New } from '../../src/files/new.ts';
import { O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain, put } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { Maker } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async (slow: boolean, options: Parameters<typeof clientOn>[1] = {}) => {
  const world = newWorld();
  const maker = new Maker({ slow });
  const node = new New(world, { template: 'To: NAME\n', limit: 100, stage: maker.stage });
  return { maker, client: await clientOn(shelf(world, { new: ['new', node] }), options) };
};

for (const slow of [false, true]) {
  const how = slow ? 'slow' : 'quick';

  test(`${how}: before a write a template; a look makes nothing`, async (t) => {
    const { maker, client } = await made(slow);
    const { mode, size } = await client.stat('/new');
    t.deepEqual([mode, size], [0o100666, 0]);
    t.is(await cat(client, '/new'), 'To: NAME\n');
    await (await client.open('/new', O_WRONLY | O_TRUNC)).close();
    await (await client.open('/new', O_RDWR)).close();
    await client.truncate('/new', 0);
    t.deepEqual([maker.made, maker.counts.staged], [[], 0]);
  });

  test(`${how}: made at the first read, which shows the id; not again at the close`, async (t) => {
    const { maker, client } = await made(slow, { streamsAtZero: slow });
    const file = await client.open('/new', O_RDWR);
    await file.write('one ');
    await file.flush();
    await file.write('request');
    await file.fsync();
    t.deepEqual(maker.made, []);
    t.is(await drain(file), '1\n');
    t.deepEqual(maker.made, ['one request']);
    await file.write('another');
    t.is(await drain(file), '2\n');
    await file.close();
    t.deepEqual(maker.made, ['one request', 'another']);
  });

  test(`${how}: made at the last close where nobody reads, once, also by a shell that flushes often`, async (t) => {
    const { maker, client } = await made(slow);
    const file = await client.open('/new', O_WRONLY | O_TRUNC);
    await file.flush();
    await file.write('a\n');
    await file.flush();
    await file.write('b\n');
    await file.flush();
    t.deepEqual(maker.made, []);
    await file.close();
    t.deepEqual(maker.made, ['a\nb\n']);
    await put(client, '/new', 'c\n', '>>');
    t.deepEqual(maker.made, ['a\nb\n', 'c\n']);
  });

  test(`${how}: a bad request fails that read and makes nothing`, async (t) => {
    const { maker, client } = await made(slow);
    const file = await client.open('/new', O_RDWR);
    await file.write('bad');
    await t.throwsAsync(file.read(), { code: 'EINVAL' });
    t.is((await file.read()).length, 0);
    await file.write('good');
    t.is(await drain(file), '1\n');
    await file.close();
    t.deepEqual(maker.made, ['good']);
  });

  test(`${how}: also where a flush came first and showed the error already`, async (t) => {
    const { maker, client } = await made(slow);
    const file = await client.open('/new', O_RDWR);
    await file.write('bad');
    await t.throwsAsync(file.flush(), { code: 'EINVAL' });
    await t.throwsAsync(file.read(), { code: 'EINVAL' });
    await file.close();
    t.deepEqual(maker.made, []);
  });

  test(`${how}: what a flush refused is not refused again at the close`, async (t) => {
    const { maker, client } = await made(slow);
    const file = await client.open('/new', O_WRONLY);
    await file.write('bad');
    await t.throwsAsync(file.flush(), { code: 'EINVAL' });
    await file.close();
    t.deepEqual(maker.made, []);
  });

  test(`${how}: a bad request that nobody reads fails the close`, async (t) => {
    const { maker, client } = await made(slow);
    await t.throwsAsync(put(client, '/new', 'bad'), { code: 'EINVAL' });
    t.deepEqual(maker.made, []);
  });

  test(`${how}: past the limit is EFBIG, and no part of it is made`, async (t) => {
    const { maker, client } = await made(slow);
    const file = await client.open('/new', O_RDWR);
    await file.write('x'.repeat(100));
    await t.throwsAsync(file.write('y'), { code: 'EFBIG' });
    await t.throwsAsync(file.read(), { code: 'EFBIG' });
    await file.close();
    t.deepEqual(maker.made, []);
    const other = await client.open('/new', O_WRONLY);
    await t.throwsAsync(other.write('x'.repeat(101)), { code: 'EFBIG' });
    await t.throwsAsync(other.close(), { code: 'EFBIG' });
    t.deepEqual(maker.made, []);
  });
}

test('two reads at once make one thing', async (t) => {
  const { maker, client } = await made(true);
  const file = await client.open('/new', O_RDWR);
  await file.write('one');
  const parts = await Promise.all([file.read(), file.read()]);
  t.is(parts.join(''), '1\n');
  await file.close();
  t.deepEqual(maker.made, ['one']);
});

test('a close while a read still makes it waits for that and makes no second', async (t) => {
  const { maker, client } = await made(true);
  const file = await client.open('/new', O_RDWR);
  await file.write('one');
  const reading = file.read();
  await file.close();
  t.is((await reading).toString(), '1\n');
  t.deepEqual(maker.made, ['one']);
});
