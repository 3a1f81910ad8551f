import { setImmediate as turn } from 'node:timers/promises';
import type { Node } from '../../src/kernel/node.ts';
import { fuse, mounted } from '../support/fuse.ts';
import { MemoryDir, MemoryFile } from '../support/nodes.ts';
import { Bell, CachedFile } from '../support/waiting.ts';

class CachedDir extends MemoryDir {
  readonly cached = true;
}

fuse('attributes that are announced cost one request, until they change', async (t) => {
  const file = new CachedFile('12345');
  const { dir, start, changes } = await mounted(t, new CachedDir({ file }));
  const client = start(
    'python3',
    '-uc',
    `
import os, sys
path = '${dir}/file'
for line in sys.stdin:
  for _ in range(100): size = os.stat(path).st_size
  want = int(line)
  while os.stat(path).st_size != want: pass
  print(want)
`,
  );
  client.child.stdin!.write('5\n');
  await client.says('5\n');
  t.true(file.stats < 10, `${file.stats} times asked`);
  for (let length = 6; length < 60; length++) {
    file.set('x'.repeat(length), changes);
    client.child.stdin!.write(`${length}\n`);
    await client.says(`${length}\n`);
  }
  client.child.stdin!.end();
  t.is((await client.done).code, 0);
});

fuse('attributes that are not announced are asked for each time', async (t) => {
  const file = new MemoryFile('12345');
  const { sh } = await mounted(t, new MemoryDir({ file }));
  t.is((await sh('stat -c %s file')).out, '5\n');
  file.content = Buffer.from('1234567');
  t.is((await sh('stat -c %s file')).out, '7\n');
});

fuse('an entry that is removed, replaced or made is seen by a client that has it cached', async (t) => {
  const root = new CachedDir({ a: new CachedFile('a'), sub: new CachedDir({ b: new CachedFile('bb') }) });
  const { dir, start, changes } = await mounted(t, root);
  const client = start(
    'python3',
    '-uc',
    `
import os, sys
def state():
  out = []
  for name in ('a', 'sub/b', 'new'):
    try: out.append(str(os.stat('${dir}/' + name).st_size))
    except FileNotFoundError: out.append('-')
  return ' '.join(out)
for line in sys.stdin:
  while state() != line.strip(): pass
  print(line.strip())
`,
  );
  const becomes = async (state: string): Promise<void> => {
    client.child.stdin!.write(`${state}\n`);
    await client.says(`${state}\n`);
  };
  const put = (name: string, node: (Node & { qid: number; mode: number }) | undefined): void => {
    const gone = root.children.get(name)?.qid;
    if (node) root.children.set(name, node);
    else root.children.delete(name);
    changes.entry(root.qid, name, gone);
  };
  await becomes('1 2 -');
  put('new', new CachedFile('333'));
  await becomes('1 2 3');
  put('a', new CachedFile('4444'));
  await becomes('4 2 3');
  put('a', undefined);
  await becomes('- 2 3');
  put('sub', undefined);
  await becomes('- - 3');
  put('sub', new CachedDir({ b: new CachedFile('55555') }));
  await becomes('- 5 3');
  client.child.stdin!.end();
  t.is((await client.done).code, 0);
});

fuse('a notice that waits for a lookup under way stops nobody', async (t) => {
  const bell = new Bell();
  let asked = false;
  let answer = false;
  class SlowDir extends CachedDir {
    override lookup(name: string): Node | undefined {
      if (name !== 'slow') return super.lookup(name);
      asked = true;
      bell.ring();
      return bell.until(() => answer).then(() => super.lookup(name)) as unknown as Node;
    }
  }
  const slow = new SlowDir({ slow: new CachedFile('slow'), other: new CachedFile('o') });
  const root = new CachedDir({ slow, file: new CachedFile('123') });
  const { sh, changes } = await mounted(t, root);
  t.is((await sh('stat -c %s file slow/other')).out, '3\n1\n');
  const looking = sh('stat -c %s slow/slow');
  await bell.until(() => asked);
  changes.entry(slow.qid, 'other');
  changes.entry(slow.qid, 'slow');
  changes.attributes(slow.qid);
  for (let turns = 0; turns < 50; turns++) await turn();
  t.is((await sh('cat file; stat -c %s file')).out, '1233\n');
  answer = true;
  bell.ring();
  t.is((await looking).out, '4\n');
});

fuse('thousands of changes are told in bounded space', async (t) => {
  const files = new Map(Array.from({ length: 6000 }, (_, index) => [`f${index}`, new CachedFile('x')]));
  const root = new CachedDir(Object.fromEntries(files));
  const { sh, changes } = await mounted(t, root);
  t.is((await sh('ls -l | wc -l')).out, '6001\n');
  for (const file of files.values()) file.set('longer', changes);
  t.is(
    (await sh('for i in 1 2 3 4 5; do n=$(ls -l | grep -c " 6 "); [ $n = 6000 ] && break; done; echo $n')).out,
    '6000\n',
  );
});
