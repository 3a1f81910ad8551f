import test from 'ava';
import { New } from '../../src/files/new.ts';
import { Queue } from '../../src/files/queue.ts';
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain, names, put } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { Maker, MemoryQueue } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async (slow: boolean) => {
  const world = newWorld();
  const source = new MemoryQueue(() => world.at, { slow });
  const maker = new Maker();
  const fresh = new New(world, { template: 'write here\n', limit: 100, stage: maker.stage });
  const root = shelf(world, { inbox: ['queue', new Queue(world, source, { new: fresh })] });
  return { world, source, maker, client: await clientOn(root) };
};

const waiting = ({ waiting }: MemoryQueue): Record<string, string> =>
  Object.fromEntries([...waiting].map(([name, { text }]) => [name, text]));

for (const slow of [false, true]) {
  const how = slow ? 'slow' : 'quick';

  test(`${how}: closing a new name with something written enqueues it, once, whole`, async (t) => {
    const { source, client } = await made(slow);
    const file = await client.open('/inbox/m1', O_WRONLY | O_CREAT | O_TRUNC);
    await file.flush();
    await file.write('one\n');
    await file.flush();
    t.deepEqual(await names(client, '/inbox'), ['new']);
    await file.write('two\n');
    await file.close();
    t.deepEqual(waiting(source), { m1: 'one\ntwo\n' });
    t.deepEqual(await names(client, '/inbox'), ['new', 'm1']);
    t.is(await cat(client, '/inbox/m1'), 'one\ntwo\n');
    const { size, mode } = await client.stat('/inbox/m1');
    t.deepEqual([size, mode & 0o777], [8, 0o644]);
  });

  test(`${how}: with nothing written the name goes away`, async (t) => {
    const { source, client } = await made(slow);
    const file = await client.open('/inbox/m1', O_WRONLY | O_CREAT);
    t.is((await client.stat('/inbox/m1')).size, 0);
    await file.write('');
    await file.close();
    await t.throwsAsync(client.stat('/inbox/m1'), { code: 'ENOENT' });
    t.deepEqual(waiting(source), {});
  });

  test(`${how}: the name is a key: the same content succeeds and is no second message, other content is EEXIST`, async (t) => {
    const { source, client, world } = await made(slow);
    await put(client, '/inbox/m1', 'one\n');
    await put(client, '/inbox/m1', 'one\n');
    await t.throwsAsync(put(client, '/inbox/m1', 'other\n'), { code: 'EEXIST' });
    await t.throwsAsync(put(client, '/inbox/m1', 'more\n', '>>'), { code: 'EEXIST' });
    await t.throwsAsync(client.open('/inbox/m1', O_WRONLY | O_CREAT | O_EXCL), { code: 'EEXIST' });
    t.deepEqual(waiting(source), { m1: 'one\n' });
    t.is(source.take(), 'one\n');
    for (const after of [1000, 61_000, 500_000]) {
      world.at += after;
      await put(client, '/inbox/m1', 'one\n');
      await t.throwsAsync(put(client, '/inbox/m1', 'other\n'), { code: 'EEXIST' });
      t.deepEqual(waiting(source), {});
    }
    world.at += 100_000;
    await put(client, '/inbox/m1', 'other\n');
    t.deepEqual(waiting(source), { m1: 'other\n' });
  });

  test(`${how}: an open for writing that writes nothing leaves what waits`, async (t) => {
    const { source, client } = await made(slow);
    await put(client, '/inbox/m1', 'one\n');
    await (await client.open('/inbox/m1', O_WRONLY | O_TRUNC)).close();
    await client.truncate('/inbox/m1', 0);
    t.deepEqual(waiting(source), { m1: 'one\n' });
  });

  test(`${how}: appends go to the end whatever the offset`, async (t) => {
    const { source, client } = await made(slow);
    const file = await client.open('/inbox/m1', O_WRONLY | O_CREAT | O_APPEND);
    await file.write('one\n');
    await file.write('two\n');
    await file.close();
    t.deepEqual(waiting(source), { m1: 'one\ntwo\n' });
  });

  test(`${how}: entries are listed in order and go when they are taken`, async (t) => {
    const { source, client } = await made(slow);
    for (const name of ['z', 'a', 'm']) await put(client, `/inbox/${name}`, name);
    t.deepEqual(await names(client, '/inbox'), ['new', 'z', 'a', 'm']);
    source.take();
    t.deepEqual(await names(client, '/inbox'), ['new', 'a', 'm']);
  });

  test(`${how}: what was taken stays openable for 60 s, unlisted, and takes chmod, utimes and stat`, async (t) => {
    const { source, client, world } = await made(slow);
    await put(client, '/inbox/m1', 'one\n');
    source.take();
    world.at += 59_000;
    t.is((await client.stat('/inbox/m1')).size, 4);
    t.is(await cat(client, '/inbox/m1'), 'one\n');
    await client.chmod('/inbox/m1', 0o600);
    await client.utimes('/inbox/m1', 1, 1);
    t.deepEqual(await names(client, '/inbox'), ['new']);
    world.at += 1000;
    await t.throwsAsync(client.stat('/inbox/m1'), { code: 'ENOENT' });
  });

  test(`${how}: a draft has a scratch name; renaming it to a proper name enqueues it`, async (t) => {
    const { source, client } = await made(slow);
    await put(client, '/inbox/.m1.AbCdEf', 'draft\n');
    t.deepEqual(waiting(source), {});
    await client.rename('/inbox/.m1.AbCdEf', '/inbox/m1~');
    await client.rename('/inbox/m1~', '/inbox/m1');
    t.deepEqual(waiting(source), { m1: 'draft\n' });
    t.deepEqual(await names(client, '/inbox'), ['new', 'm1']);
    await put(client, '/inbox/m1.tmp', 'other\n');
    await t.throwsAsync(client.rename('/inbox/m1.tmp', '/inbox/m1'), { code: 'EEXIST' });
    await put(client, '/inbox/m2.tmp', 'x'.repeat(101));
    await t.throwsAsync(client.rename('/inbox/m2.tmp', '/inbox/m2'), { code: 'EFBIG' });
    await t.throwsAsync(client.rename('/inbox/m1', '/inbox/m3'), { code: 'EPERM' });
  });

  test(`${how}: what is refused is not enqueued: bad content, a bad name, too much`, async (t) => {
    const { source, client } = await made(slow);
    await t.throwsAsync(put(client, '/inbox/m1', 'bad'), { code: 'EINVAL' });
    await t.throwsAsync(put(client, '/inbox/ö', 'one'), { code: 'EINVAL' });
    await t.throwsAsync(put(client, '/inbox/m1', 'x'.repeat(101)), { code: 'EFBIG' });
    t.deepEqual(waiting(source), {});
    await t.throwsAsync(client.stat('/inbox/m1'), { code: 'ENOENT' });
  });

  test(`${how}: rm discards what waits; new is part of the directory`, async (t) => {
    const { source, client, maker } = await made(slow);
    await put(client, '/inbox/m1', 'one\n');
    await client.unlink('/inbox/m1');
    t.deepEqual(waiting(source), {});
    await t.throwsAsync(client.unlink('/inbox/m1'), { code: 'ENOENT' });
    await t.throwsAsync(client.unlink('/inbox/new'), { code: 'EPERM' });
    await put(client, '/inbox/new', 'by new');
    t.deepEqual(maker.made, ['by new']);
    await t.throwsAsync(client.mkdir('/inbox/sub'), { code: 'EPERM' });
  });

  test(`${how}: two writers of one new name: the first to close has it`, async (t) => {
    const { source, client } = await made(slow);
    const first = await client.open('/inbox/m1', O_WRONLY | O_CREAT | O_TRUNC);
    const second = await client.open('/inbox/m1', O_WRONLY | O_CREAT | O_TRUNC);
    await first.write('first');
    await second.write('second');
    await first.close();
    await t.throwsAsync(second.close(), { code: 'EEXIST' });
    t.deepEqual(waiting(source), { m1: 'first' });
  });
}

test('a reader of a name that is being written sees what is there so far', async (t) => {
  const { client } = await made(false);
  const file = await client.open('/inbox/m1', O_WRONLY | O_CREAT);
  await file.write('so far');
  const reader = await client.open('/inbox/m1', O_RDONLY);
  t.is(await drain(reader), 'so far');
  t.is((await client.stat('/inbox/m1')).size, 6);
  await reader.close();
  await file.close();
});
