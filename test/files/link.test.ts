import test from 'ava';
import { Link } from '../../src/files/link.ts';
import { Text } from '../../src/files/text.ts';
import { cat, names } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

const tree = () => {
  const world = newWorld();
  return shelf(world, {
    live: ['link', new Link(world, '.live')],
    wait: ['link', new Link(world, 'live/wait')],
    '*.live': ['dir', shelf(world, { wait: ['text', new Text(world, () => 'idle\n')] })],
  });
};

test('a link has its text and its size, and is walked past', async (t) => {
  const client = await clientOn(tree());
  const { size, mode } = await client.stat('/live');
  t.deepEqual([size, mode], [5, 0o120777]);
  t.is(await client.readlink('/live'), '.live');
  t.is(await cat(client, '/live/wait'), 'idle\n');
  t.is(await cat(client, '/wait'), 'idle\n');
  await t.throwsAsync(client.readlink('/.live'), { code: 'EINVAL' });
});

test('what a link hides can be walked to and is not listed', async (t) => {
  const client = await clientOn(tree());
  t.deepEqual(await names(client, '/'), ['live', 'wait']);
  t.deepEqual(await names(client, '/.live'), ['wait']);
});

test('no links are made here, of either kind', async (t) => {
  const client = await clientOn(tree());
  await t.throwsAsync(client.symlink('/etc', '/x'), { code: 'EPERM' });
  await t.throwsAsync(client.link('/wait', '/x'), { code: 'EPERM' });
});
