import test from 'ava';
import { Stream } from '../../src/files/stream.ts';
import { O_NONBLOCK, O_WRONLY } from '../../src/kernel/mode.ts';
import { POLLIN } from '../../src/kernel/node.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { Records } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async (options: Parameters<typeof clientOn>[1] = {}) => {
  const world = newWorld();
  const records = new Records();
  const client = await clientOn(shelf(world, { events: ['stream', new Stream(world, records.follow)] }), options);
  return { records, client };
};

for (const streamsAtZero of [false, true]) {
  test(`${streamsAtZero ? 'reads at offset 0' : 'reads at a running offset'} give record after record`, async (t) => {
    const { records, client } = await made({ streamsAtZero });
    const file = await client.open('/events', 0);
    records.add('one\n');
    records.add('two\n');
    t.is((await file.read()).toString(), 'one\n');
    t.is((await file.read(2)).toString(), 'tw');
    t.is((await file.read()).toString(), 'o\n');
    await file.close();
  });
}

test('a read blocks until the next record', async (t) => {
  const { records, client } = await made();
  const file = await client.open('/events', 0);
  const reading = file.read();
  records.add('now\n');
  t.is((await reading).toString(), 'now\n');
  await file.close();
});

test('every open has a cursor of its own, given back at close', async (t) => {
  const { records, client } = await made();
  const first = await client.open('/events', 0);
  records.add('one\n');
  const second = await client.open('/events', 0);
  records.add('two\n');
  t.is((await second.read()).toString(), 'two\n');
  t.is((await first.read()).toString(), 'one\n');
  await first.close();
  t.is(records.cursors.size, 1);
  await second.close();
  t.is(records.cursors.size, 0);
});

test('O_NONBLOCK and nothing there is EAGAIN', async (t) => {
  const { records, client } = await made();
  const file = await client.open('/events', O_NONBLOCK);
  await t.throwsAsync(file.read(), { code: 'EAGAIN' });
  records.add('one\n');
  t.is((await file.read()).toString(), 'one\n');
  await t.throwsAsync(file.read(), { code: 'EAGAIN' });
  await file.close();
});

test('poll says whether there is something, and wakes once', async (t) => {
  const { records, client } = await made();
  const file = await client.open('/events', 0);
  let woken = 0;
  t.is(
    client.session.poll(file.fid, () => woken++),
    0,
  );
  records.add('one\n');
  records.add('two\n');
  t.is(woken, 1);
  t.is(client.session.poll(file.fid), POLLIN);
  await file.read(1);
  t.is(client.session.poll(file.fid), POLLIN);
  await file.close();
});

test('an interrupted read is EINTR and takes no record', async (t) => {
  const { records, client } = await made();
  const file = await client.open('/events', 0);
  const reading = file.read();
  file.interrupt();
  await t.throwsAsync(reading, { code: 'EINTR' });
  const another = file.read();
  records.add('one\n');
  file.interrupt();
  await t.throwsAsync(another, { code: 'EINTR' });
  t.is((await file.read()).toString(), 'one\n');
  await file.close();
});

test('two reads at once on one descriptor lose nothing', async (t) => {
  const { records, client } = await made();
  const file = await client.open('/events', 0);
  const reads = [file.read(2), file.read(2)];
  records.add('abcd');
  records.add('efgh');
  const parts = (await Promise.all(reads)).map(String);
  parts.push((await file.read()).toString());
  t.is(parts.join('').split('').sort().join(''), 'abcdefgh');
  await file.close();
});

test('stat has size 0 and mode 0444; it cannot be written; the end of the session ends the wait', async (t) => {
  const { client } = await made();
  const { mode, size } = await client.stat('/events');
  t.deepEqual([mode, size], [0o100444, 0]);
  await t.throwsAsync(client.open('/events', O_WRONLY), { code: 'EACCES' });
  const file = await client.open('/events', 0);
  const reading = file.read();
  await client.end();
  await t.throwsAsync(reading, { code: 'EINTR' });
});
