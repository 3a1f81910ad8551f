import test from 'ava';
import { Many } from '../../src/files/many.ts';
import { Text } from '../../src/files/text.ts';
import { Errno } from '../../src/kernel/errno.ts';
import type { Node } from '../../src/kernel/node.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

const made = async (names: Set<string>) => {
  const world = newWorld();
  const nodes: string[] = [];
  const make = (name: string): Node => {
    nodes.push(name);
    const node: Node = new Many(world, { names: () => [], has: () => false, make });
    return node;
  };
  const many = new Many(
    world,
    {
      names: () => names,
      has: (name) => names.has(name),
      make,
      mkdir: (name) => {
        names.add(name);
      },
      remove: (name) => {
        if (!names.delete(name)) throw new Errno('ENOENT');
      },
    },
    { about: new Text(world, () => 'x') },
  );
  return { nodes, client: await clientOn(shelf(world, { many: ['dir', many] })) };
};

test('what is fixed first, then the names there are; a node is made once while it is there', async (t) => {
  const names = new Set(['b', 'a']);
  const { nodes, client } = await made(names);
  const listed = async (): Promise<string[]> => (await client.list('/many')).map(({ name }) => name);
  t.deepEqual(await listed(), ['about', 'b', 'a']);
  const { ino } = await client.stat('/many/a');
  t.is((await client.stat('/many/a')).ino, ino);
  t.deepEqual(nodes, ['b', 'a']);
  names.delete('a');
  await t.throwsAsync(client.stat('/many/a'), { code: 'ENOENT' });
  names.add('a');
  t.not((await client.stat('/many/a')).ino, ino);
});

test('names are made and taken away as its source says, and what is fixed stays', async (t) => {
  const names = new Set<string>();
  const { client } = await made(names);
  await client.mkdir('/many/c');
  t.true(names.has('c'));
  await client.rmdir('/many/c');
  t.false(names.has('c'));
  await t.throwsAsync(client.unlink('/many/about'), { code: 'EPERM' });
  await client.mkdir('/many/c');
  await t.throwsAsync(client.mkdir('/many/c/d'), { code: 'EPERM' });
});
