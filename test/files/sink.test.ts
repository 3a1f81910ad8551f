import test from 'ava';
import { Sink } from '../../src/files/sink.ts';
import { O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { put } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { Maker } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async () => {
  const world = newWorld();
  const maker = new Maker({ slow: true });
  const node = new Sink(world, { limit: 16, stage: maker.stage });
  return { maker, client: await clientOn(shelf(world, { unlock: ['sink', node] })) };
};

test('it takes a secret at the last close and never shows it, to the operator either', async (t) => {
  const { maker, client } = await made();
  const { mode, size } = await client.stat('/unlock');
  t.deepEqual([mode, size], [0o100222, 0]);
  await put(client, '/unlock', 'hunter2');
  t.deepEqual(maker.made, ['hunter2']);
  t.is((await client.stat('/unlock')).size, 0);
  for (const flags of [O_RDONLY, O_RDWR]) {
    await t.throwsAsync(client.open('/unlock', flags), { code: 'EACCES' });
  }
});

test('in pieces, with flushes between; nothing written is nothing', async (t) => {
  const { maker, client } = await made();
  const file = await client.open('/unlock', O_WRONLY | O_TRUNC);
  await file.flush();
  await file.write('hun');
  await file.flush();
  await file.write('ter2');
  await file.close();
  await (await client.open('/unlock', O_WRONLY | O_TRUNC)).close();
  t.deepEqual(maker.made, ['hunter2']);
});

test('a refused or too large secret fails the close and is not taken', async (t) => {
  const { maker, client } = await made();
  await t.throwsAsync(put(client, '/unlock', 'bad'), { code: 'EINVAL' });
  const file = await client.open('/unlock', O_WRONLY);
  await file.write('x'.repeat(16));
  await t.throwsAsync(file.write('y'), { code: 'EFBIG' });
  await t.throwsAsync(file.close(), { code: 'EFBIG' });
  t.deepEqual(maker.made, []);
});
