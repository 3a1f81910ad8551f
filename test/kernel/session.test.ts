import test from 'ava';
import { O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
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

test('renameat2: no replace is EEXIST, an exchange in memory EINVAL', async (t) => {
  const { session } = await sessionOn(tree());
  const request = session.request();
  await session.attach(1, request);
  await t.throwsAsync(async () => session.rename(1, 'hello', 1, 'fixed', 1, request), { code: 'EEXIST' });
  await t.throwsAsync(async () => session.rename(1, 'hello', 1, 'fixed', 2, request), { code: 'EINVAL' });
  await session.rename(1, 'hello', 1, 'new', 1, request);
  t.is((await session.walk(1, 2, ['new'], request)).length, 1);
});

test('two renames by fid at once do not get in each other’s way', async (t) => {
  const { session } = await sessionOn(tree());
  const request = session.request();
  await session.attach(1, request);
  await session.walk(1, 2, ['hello'], request);
  await session.walk(1, 3, ['sub', 'deep'], request);
  await Promise.all([
    session.renameFid(2, undefined, 'hello2', request),
    session.renameFid(3, undefined, 'deep2', request),
  ]);
  t.is((await session.walk(1, 4, ['hello2'], request)).length, 1);
  t.is((await session.walk(1, 5, ['sub', 'deep2'], request)).length, 2);
  t.is(session.size, 5);
});

test('a create that fails on what is there leaves the directory’s fid as it was', async (t) => {
  const { session } = await sessionOn(tree());
  const request = session.request();
  await session.attach(1, request);
  await t.throwsAsync(async () => session.create(1, 'fixed', O_WRONLY, 0o644, request), { code: 'EACCES' });
  await t.throwsAsync(async () => session.create(1, 'sub', O_WRONLY, 0o644, request), { code: 'EISDIR' });
  t.is((await session.walk(1, 2, ['hello'], request)).length, 1);
  await session.create(1, 'hello', O_RDONLY, 0o644, request);
  t.is(text(await session.read(1, 0, 10, request)), 'hello\n');
});

test('a directory is not truncated, and its listing begins with itself and the one above', async (t) => {
  const { session } = await sessionOn(tree());
  const request = session.request();
  const root = await session.attach(1, request);
  const [sub] = await session.walk(1, 2, ['sub'], request);
  await t.throwsAsync(async () => session.open(2, O_RDONLY | O_TRUNC, request), { code: 'EISDIR' });
  await session.open(2, O_RDONLY, request);
  const [self, above] = await session.entries(2, true, request);
  t.deepEqual([self?.qid, above?.qid], [sub?.qid, root.qid]);
});

test('the end of a session waits for closes that are under way', async (t) => {
  let finish: () => void = () => undefined;
  const file = new MemoryFile('');
  const done = { published: false };
  file.open = () => ({
    write: (_offset, data) => data.length,
    publish: async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      done.published = true;
    },
  });
  const { session } = await sessionOn(new MemoryDir({ file }));
  const request = session.request();
  await session.attach(1, request);
  await session.walk(1, 2, ['file'], request);
  await session.open(2, O_WRONLY, request);
  const closing = session.clunk(2, request);
  const ended = session.close();
  finish();
  await ended;
  t.true(done.published);
  await closing;
});
