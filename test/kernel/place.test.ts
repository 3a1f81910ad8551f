import test from 'ava';
import type { Dir } from '../../src/kernel/node.ts';
import { Place, rightIn, type Layer, type Mount } from '../../src/kernel/place.ts';
import { agent, observer, operator, type Access } from '../../src/kernel/subject.ts';
import { MemoryDir, MemoryFile } from '../support/nodes.ts';

/** A directory with a column. */
const withColumn = (column: Record<string, Access>): Dir =>
  Object.assign(new MemoryDir(), { access: (name: string) => column[name] });

test('paths are absolute and follow the names', (t) => {
  const root = new Place(new MemoryDir(), '', undefined);
  const a = new Place(new MemoryDir(), 'a', root);
  const b = new Place(new MemoryFile(''), 'b', a);
  t.deepEqual([root.path, a.path, b.path], ['/', '/a', '/a/b']);
  a.name = 'z';
  t.is(b.path, '/z/b');
});

test('a right is the name’s column, else that of the directory; the operator has all', (t) => {
  const top = withColumn({ a: { agent: 'w', observer: 'r' }, b: { agent: '-' } });
  const root = new Place(top, '', undefined);
  const a = new Place(withColumn({ inner: { agent: 'r' } }), 'a', root);
  const b = new Place(new MemoryDir(), 'b', root);
  const inner = new Place(new MemoryFile(''), 'inner', a);
  const other = new Place(new MemoryFile(''), 'other', a);
  const ada = agent('ada');
  const rights = [root, a, b, inner, other];
  t.deepEqual(
    rights.map((place) => place.right(ada)),
    ['r', 'w', '-', 'r', 'w'],
  );
  t.deepEqual(
    rights.map((place) => place.right(observer)),
    ['r', 'r', 'r', 'r', 'r'],
  );
  t.true(rights.every((place) => place.right(operator) === 'w'));
  t.is(rightIn(top, 'b', ada, 'w'), '-');
  t.is(rightIn(top, 'unknown', ada, 'w'), 'w');
});

test('what is below something gone, or reached through a layer that was taken away, is ESTALE', (t) => {
  const node = Object.assign(new MemoryDir(), { gone: false });
  const layer: Layer = { source: '#a', node, create: false, live: true };
  const mount: Mount = { target: '/m', name: 'm', parent: undefined, layers: [layer] };
  const root = new Place(new MemoryDir(), '', undefined);
  const mounted = new Place(node, 'm', root, mount, layer);
  const child = new Place(new MemoryDir(), 'c', mounted, undefined, layer, node);
  const deep = new Place(new MemoryFile(''), 'd', child);
  const places = [mounted, child, deep];
  for (const place of places) t.notThrows(() => place.check());
  node.gone = true;
  for (const place of places) t.throws(() => place.check(), { code: 'ESTALE' });
  node.gone = false;
  layer.live = false;
  for (const place of places) t.throws(() => place.check(), { code: 'ESTALE' });
  t.notThrows(() => root.check());
});
