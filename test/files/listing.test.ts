import test from 'ava';
import { Listing } from '../../src/files/listing.ts';
import { Text } from '../../src/files/text.ts';
import { O_CREAT, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain, names } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

const made = async () => {
  const world = newWorld();
  const kept = new Map([
    ['1.json', '{"n":1}\n'],
    ['2.json', '{"n":2}\n'],
  ]);
  const source = {
    names: () => kept.keys(),
    has: (name: string) => kept.has(name),
    at: (name: string) => (name === '1.json' ? 1_600_000_000_000 : undefined),
    content: async (name: string) => kept.get(name),
  };
  const listing = new Listing(world, source, { last: new Text(world, async () => 'the last\n') });
  return { kept, client: await clientOn(shelf(world, { ticks: ['dir', listing] })) };
};

test('its own files first, then the documents in order, with the numbers and sizes that stat shows', async (t) => {
  const { client } = await made();
  const listed = await client.list('/ticks');
  t.deepEqual(
    listed.map(({ name }) => name),
    ['last', '1.json', '2.json'],
  );
  for (const { name, ino } of listed) {
    const stat = await client.stat(`/ticks/${name}`);
    t.is(ino, stat.ino);
    t.is((await cat(client, `/ticks/${name}`)).length, stat.size);
  }
  t.is((await client.stat('/ticks/1.json')).mtimeMs, 1_600_000_000_000);
});

test('what came and went by itself is there and gone; what is open is a snapshot', async (t) => {
  const { client, kept } = await made();
  const { ino } = await client.stat('/ticks/2.json');
  const file = await client.open('/ticks/1.json', 0);
  kept.delete('1.json');
  kept.set('3.json', '{"n":3}\n');
  t.is(await drain(file), '{"n":1}\n');
  await file.close();
  t.deepEqual(await names(client, '/ticks'), ['last', '2.json', '3.json']);
  await t.throwsAsync(client.stat('/ticks/1.json'), { code: 'ENOENT' });
  t.is((await client.stat('/ticks/2.json')).ino, ino);
});

test('it takes no changes', async (t) => {
  const { client } = await made();
  await t.throwsAsync(client.open('/ticks/1.json', O_WRONLY), { code: 'EACCES' });
  await t.throwsAsync(client.open('/ticks/x', O_WRONLY | O_CREAT), { code: 'EPERM' });
  await t.throwsAsync(client.unlink('/ticks/1.json'), { code: 'EPERM' });
  await t.throwsAsync(client.rename('/ticks/1.json', '/ticks/9.json'), { code: 'EPERM' });
});
