import { fuse, mounted } from '../support/fuse.ts';
import { MemoryDir, MemoryFile } from '../support/nodes.ts';
import { LateDocument } from '../support/waiting.ts';

const tree = () => {
  const documents = { a: new LateDocument(), b: new LateDocument(), c: new LateDocument() };
  return { ...documents, root: new MemoryDir({ ...documents, hello: new MemoryFile('hello\n') }) };
};

const hammer = (name: string, rounds: number): string => `
def put(text):
  fd = os.open('${name}', os.O_WRONLY | os.O_TRUNC)
  os.write(fd, text)
  os.close(fd)
wrong = 0
for i in range(${rounds}):
  text = b'%d' % (i * i)
  put(text)
  if i % 3 == 0:
    fd = os.open('${name}', os.O_RDONLY)
    if os.read(fd, 100) != text: wrong += 1
    os.close(fd)
  elif i % 3 == 1:
    if os.stat('${name}').st_size != len(text): wrong += 1
  else:
    if os.path.getsize(os.path.join(os.getcwd(), '${name}')) != len(text): wrong += 1
    with open('${name}') as f:
      if f.read().encode() != text: wrong += 1
print(wrong)
`;

fuse('an open, a stat and a lookup see what the close before them published', async (t) => {
  const { root } = tree();
  const { python, log } = await mounted(t, root);
  const all = await Promise.all(['a', 'b', 'c'].map((name) => python(hammer(name, 700))));
  t.deepEqual(
    all.map(({ out, err }) => out + err),
    ['0\n', '0\n', '0\n'],
  );
  t.deepEqual(log, []);
});

fuse('a document is written, appended to and cut as a shell does it', async (t) => {
  const { root } = tree();
  const { sh } = await mounted(t, root);
  t.is(
    (
      await sh(
        'cat a; echo one > a; cat a; echo two >> a; cat a; : > a; stat -c %s a; { echo x; date > /dev/null; echo y; } > a; cat a',
      )
    ).out,
    'old\none\none\ntwo\n0\nx\ny\n',
  );
  t.is((await sh('printf 123456 > b; truncate -s 3 b; cat b; cp a b && cmp a b && stat -c %s b')).code, 0);
});

fuse('many closes at once keep their order, beyond any queue of the kernel', async (t) => {
  const { root } = tree();
  const { python } = await mounted(t, root);
  const { out, err } = await python(`
fds = []
for i in range(500):
  fd = os.open('a', os.O_WRONLY | os.O_TRUNC)
  os.write(fd, b'%d' % i)
  fds.append(fd)
for fd in fds: os.close(fd)
print(open('a').read())
`);
  t.is(out, '499\n', err);
});
