import test from 'ava';
import { Log } from '../../src/files/log.ts';
import { O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { MemoryHistory } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async (most?: number) => {
  const world = newWorld();
  const history = new MemoryHistory(most);
  const client = await clientOn(shelf(world, { log: ['log', new Log(world, history)] }));
  return { world, history, client };
};

test('a seekable history with its real, growing size; a read at the end is empty and never blocks', async (t) => {
  const { history, client } = await made();
  history.append('{"n":1}\n');
  t.is((await client.stat('/log')).size, 8);
  const file = await client.open('/log', 0);
  t.is(await drain(file), '{"n":1}\n');
  t.is((await file.read()).length, 0);
  // As tail -f does: the descriptor goes on where it was.
  history.append('{"n":2}\n');
  t.is((await client.stat('/log')).size, 16);
  t.is(await drain(file), '{"n":2}\n');
  await file.close();
});

test('the size does not shrink while it is open', async (t) => {
  const { history, client } = await made(10);
  history.append('12345678\n');
  const file = await client.open('/log', 0);
  history.append('abcdefgh\n');
  t.is((await client.stat('/log')).size, 18);
  t.is(await drain(file), '12345678\nabcdefgh\n');
  await file.close();
  t.is(history.holders, 0);
  history.append('x\n');
  t.is((await cat(client, '/log')).length, 10);
});

test('it cannot be written', async (t) => {
  const { client } = await made();
  t.is((await client.stat('/log')).mode, 0o100444);
  await t.throwsAsync(client.open('/log', O_WRONLY), { code: 'EACCES' });
});

test('mtime is of the last record, not of the look at it', async (t) => {
  const world = newWorld();
  const dated = Object.assign(new MemoryHistory(), { changed: world.at });
  const client = await clientOn(shelf(world, { log: ['log', new Log(world, dated)] }));
  dated.append('x\n');
  world.at += 60_000;
  t.is((await client.stat('/log')).mtimeMs, dated.changed);
});
