import test from 'ava';
import { O_RDONLY, O_RDWR, O_WRONLY } from '../../src/kernel/mode.ts';
import { MemoryDir, MemoryFile, MemoryLink, sessionOn } from '../support/nodes.ts';

const tree = () =>
  new MemoryDir({
    hello: new MemoryFile('hello\n'),
    secret: new MemoryFile('no\n', 0o222),
    fixed: new MemoryFile('fixed\n', 0o444),
    sub: new MemoryDir({ deep: new MemoryFile('deep\n'), up: new MemoryLink('../hello') }),
    link: new MemoryLink('sub'),
    loop: new MemoryLink('loop'),
  });

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('walk gives the attributes of each step, and stops short without making the fid', async (t) => {
  const { session } = await sessionOn(tree());
  const request = session.request();
  await session.attach(1, request);
  const steps = await session.walk(1, 2, ['sub', 'deep'], request);
  t.is(steps.length, 2);
  t.is(steps[1]?.size, 5);
  t.is((await session.walk(1, 3, ['sub', 'none'], request)).length, 1);
  t.false(session.has(3));
  await t.throwsAsync(async () => session.walk(1, 3, ['none'], request), { code: 'ENOENT' });
  await t.throwsAsync(async () => session.walk(1, 2, ['sub'], request), { code: 'EBADF' });
  await t.throwsAsync(async () => session.walk(9, 3, ['sub'], request), { code: 'EBADF' });
});

test('a walk goes on past a link and does not follow the last; an open follows it', async (t) => {
  const { session } = await sessionOn(tree());
  const request = session.request();
  await session.attach(1, request);
  t.is((await session.walk(1, 2, ['link', 'deep'], request)).length, 2);
  await session.walk(1, 3, ['sub', 'up'], request);
  t.is(await session.readlink(3, request), '../hello');
  await session.open(3, O_RDONLY, request);
  t.is(text(await session.read(3, 0, 100, request)), 'hello\n');
  await session.walk(1, 4, ['loop'], request);
  await t.throwsAsync(async () => session.open(4, O_RDONLY, request), { code: 'ELOOP' });
});

test('without links they are followed and never shown', async (t) => {
  const { session } = await sessionOn(tree(), { links: false });
  const request = session.request();
  await session.attach(1, request);
  await session.walk(1, 2, ['link'], request);
  await session.open(2, O_RDONLY, request);
  t.deepEqual(
    (await session.entries(2, true, request)).map(({ name }) => name),
    ['.', '..', 'deep'],
  );
});

test('modes are checked for every tier', async (t) => {
  const { session } = await sessionOn(tree());
  const request = session.request();
  await session.attach(1, request);
  await session.walk(1, 2, ['secret'], request);
  await t.throwsAsync(async () => session.open(2, O_RDONLY, request), { code: 'EACCES' });
  await session.walk(1, 3, ['fixed'], request);
  await t.throwsAsync(async () => session.open(3, O_WRONLY, request), { code: 'EACCES' });
  await session.walk(1, 4, ['sub'], request);
  await t.throwsAsync(async () => session.open(4, O_RDWR, request), { code: 'EISDIR' });
  await session.walk(1, 5, ['hello'], request);
  await session.open(5, O_RDONLY, request);
  await t.throwsAsync(async () => session.write(5, 0, Buffer.from('x'), request), { code: 'EBADF' });
  await t.throwsAsync(async () => session.read(5, -1, 1, request), { code: 'EINVAL' });
});

test('fids are counted, bounded and given back', async (t) => {
  const { session } = await sessionOn(tree(), { maxFids: 3 });
  const request = session.request();
  await session.attach(1, request);
  await session.walk(1, 2, [], request);
  await session.walk(1, 3, [], request);
  await t.throwsAsync(async () => session.walk(1, 4, [], request), { code: 'EMFILE' });
  await session.clunk(2);
  await session.walk(1, 4, ['hello'], request);
  await session.close();
  t.is(session.size, 0);
});
