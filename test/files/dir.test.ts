import test from 'ava';
import { Table, type Row } from '../../src/files/dir.ts';
import { Text } from '../../src/files/text.ts';
import { Value } from '../../src/files/value.ts';
import { Verbs } from '../../src/files/verbs.ts';
import { O_CREAT, O_RDONLY, O_WRONLY } from '../../src/kernel/mode.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { Session } from '../../src/kernel/session.ts';
import { agent, observer, type Subject } from '../../src/kernel/subject.ts';
import { cat, names, put } from '../conformance/client.ts';
import { SessionClient } from '../conformance/session-client.ts';
import { sessionOn } from '../support/nodes.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { MemoryDocument } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const tree = () => {
  const world = newWorld();
  const secret = new MemoryDocument('secret\n');
  const shown = new MemoryDocument('shown\n');
  const own = new MemoryDocument('own\n');
  const text = (content: string): Text => new Text(world, () => content);
  const refused: string[] = [];
  const work = shelf(world, {
    secret: ['value', new Value(world, secret), '-', '-'],
    shown: ['value', new Value(world, shown), 'r', 'r'],
    own: ['value', new Value(world, own), 'w', '-'],
  });
  const root = shelf(
    world,
    {
      status: ['text', text('status\n'), 'r', 'r'],
      ctl: ['verbs', new Verbs(world, []), '-'],
      work: ['dir', work, 'w', 'r'],
      '*.hidden': ['text', text('hidden\n'), 'r'],
    },
    ({ path, op, error }) => refused.push(`${op} ${path} ${error.code}`),
  );
  return { world, root, secret, shown, own, refused };
};

const as = async (subject: Subject) => {
  const made = tree();
  return { ...made, client: await clientOn(made.root, { subject }) };
};

test('names stand in the order of the table; what is hidden can be opened and is not listed', async (t) => {
  const { root } = tree();
  const client = await clientOn(root);
  t.deepEqual(await names(client, '/'), ['status', 'ctl', 'work']);
  t.is(await cat(client, '/.hidden'), 'hidden\n');
});

test('a node is made when it is first looked up, once', async (t) => {
  const world = newWorld();
  let made = 0;
  const rows: Row<string>[] = [
    {
      name: 'a',
      kind: 'text',
      agent: 'r',
      observer: '-',
      says: 'a',
      make: (who) => (made++, new Text(world, () => who)),
    },
  ];
  const client = await clientOn(new Table(world, rows, 'context'));
  t.is(await cat(client, '/a'), 'context');
  await client.stat('/a');
  t.is(made, 1);
});

test('a fixed directory takes and gives nothing: EPERM, and the reason is told', async (t) => {
  const { client, refused } = await as({ tier: 'operator' });
  await t.throwsAsync(client.mkdir('/x'), { code: 'EPERM' });
  await t.throwsAsync(client.mkdir('/work/x'), { code: 'EPERM' });
  await t.throwsAsync(client.unlink('/status'), { code: 'EPERM' });
  await t.throwsAsync(client.rmdir('/work'), { code: 'EPERM' });
  await t.throwsAsync(client.open('/x', O_WRONLY | O_CREAT), { code: 'EPERM' });
  await t.throwsAsync(client.rename('/status', '/state'), { code: 'EPERM' });
  await t.throwsAsync(client.rename('/work/own', '/work/other'), { code: 'EPERM' });
  await t.throwsAsync(client.rename('/work/own', '/own'), { code: 'EPERM' });
  await t.throwsAsync(client.rename('/work', '/status'), { code: 'ENOTDIR' });
  await t.throwsAsync(client.symlink('x', '/x'), { code: 'EPERM' });
  await t.throwsAsync(client.link('/status', '/x'), { code: 'EPERM' });
  await t.throwsAsync(client.mkdir('/status'), { code: 'EEXIST' });
  t.is(refused[0], 'mkdir x EPERM');
  t.true(refused.includes('unlink status EPERM'));
});

test('mknod is EPERM; extended attributes are ENOTSUP', async (t) => {
  const { session } = await sessionOn(tree().root);
  const request = session.request();
  await session.attach(1, request);
  await t.throwsAsync(async () => session.mknod(1, 'fifo', 0o010644, 0, request), { code: 'EPERM' });
  await session.walk(1, 2, ['status'], request);
  await t.throwsAsync(async () => session.setxattr(2, 'user.x', Buffer.from('x'), 0, request), { code: 'ENOTSUP' });
  await t.throwsAsync(async () => session.getxattr(2, 'user.x', request), { code: 'ENOTSUP' });
  await t.throwsAsync(async () => session.listxattr(2, request), { code: 'ENOTSUP' });
  await t.throwsAsync(async () => session.removexattr(2, 'user.x', request), { code: 'ENOTSUP' });
});

test('the operator has every right', async (t) => {
  const { client, secret } = await as({ tier: 'operator' });
  t.deepEqual(await names(client, '/work'), ['secret', 'shown', 'own']);
  await put(client, '/work/secret', 'new');
  t.is(secret.content, 'new');
});

test('an agent: absent is ENOENT and unlisted, r is read-only with the bits masked, w writes', async (t) => {
  const { client, own, shown } = await as(agent('ada'));
  t.deepEqual(await names(client, '/'), ['status', 'work']);
  t.deepEqual(await names(client, '/work'), ['shown', 'own']);
  await t.throwsAsync(client.stat('/ctl'), { code: 'ENOENT' });
  await t.throwsAsync(client.open('/ctl', O_RDONLY), { code: 'ENOENT' });
  await t.throwsAsync(client.stat('/work/secret'), { code: 'ENOENT' });
  t.is(await cat(client, '/work/shown'), 'shown\n');
  t.is((await client.stat('/work/shown')).mode & 0o777, 0o444);
  await t.throwsAsync(client.open('/work/shown', O_WRONLY), { code: 'EACCES' });
  await t.throwsAsync(client.truncate('/work/shown', 0), { code: 'EACCES' });
  await t.throwsAsync(client.chmod('/work/shown', 0o777), { code: 'EACCES' });
  t.is((await client.stat('/work/own')).mode & 0o777, 0o644);
  await put(client, '/work/own', 'new');
  t.deepEqual([own.content, shown.content], ['new', 'shown\n']);
  t.is((await client.stat('/')).mode & 0o777, 0o555);
});

test('a rename is no way round a right', async (t) => {
  const { client, secret, shown, own } = await as(agent('ada'));
  await put(client, '/work/x.tmp', 'evil');
  await t.throwsAsync(client.rename('/work/x.tmp', '/work/shown'), { code: 'EACCES' });
  await t.throwsAsync(client.rename('/work/x.tmp', '/work/secret'), { code: 'EPERM' });
  await t.throwsAsync(client.rename('/work/x.tmp', '/work/nothing-there'), { code: 'EPERM' });
  await t.throwsAsync(client.rename('/work/secret', '/work/y.tmp'), { code: 'ENOENT' });
  await t.throwsAsync(client.unlink('/work/shown'), { code: 'EACCES' });
  await t.throwsAsync(client.unlink('/work/secret'), { code: 'ENOENT' });
  await client.rename('/work/x.tmp', '/work/own');
  t.deepEqual([secret.content, shown.content, own.content], ['secret\n', 'shown\n', 'evil']);
});

test('what is absent cannot be told from what is not there', async (t) => {
  const { client } = await as(agent('ada'));
  const code = async (act: Promise<unknown>): Promise<unknown> =>
    act.then(
      () => 'ok',
      (error: unknown) => (error as Errno).code,
    );
  for (const act of [
    (path: string) => client.stat(path),
    (path: string) => client.open(path, O_RDONLY),
    (path: string) => client.open(path, O_WRONLY | O_CREAT),
    (path: string) => client.mkdir(path),
    (path: string) => client.unlink(path),
    (path: string) => client.rmdir(path),
    (path: string) => client.rename(path, '/work/z.tmp'),
    (path: string) => client.truncate(path, 0),
  ]) {
    t.is(await code(act('/work/secret')), await code(act('/work/no-such-name')), act.toString());
  }
});

test('an observer reads what its column says, and may change nothing', async (t) => {
  const { client } = await as(observer);
  t.deepEqual(await names(client, '/'), ['status', 'work']);
  t.deepEqual(await names(client, '/work'), ['shown']);
  t.is(await cat(client, '/status'), 'status\n');
  await t.throwsAsync(client.open('/work/shown', O_WRONLY), { code: 'EACCES' });
  await t.throwsAsync(client.open('/work/x.tmp', O_WRONLY | O_CREAT), { code: 'EACCES' });
  await t.throwsAsync(client.mkdir('/work/x'), { code: 'EACCES' });
});

test('what is gone for good is ESTALE, open handles included', async (t) => {
  const world = newWorld();
  let gone = false;
  const document = new MemoryDocument('x');
  const rows: Row<undefined>[] = [
    { name: 'v', kind: 'value', agent: 'r', observer: '-', says: 'v', make: () => new Value(world, document) },
  ];
  const ada = new Table(world, rows, undefined, { gone: () => gone });
  const client = await clientOn(shelf(world, { ada: ['dir', ada] }));
  const file = await client.open('/ada/v', O_WRONLY);
  await file.write('y');
  await file.fsync();
  gone = true;
  await t.throwsAsync(file.write('z'), { code: 'ESTALE' });
  await t.throwsAsync(file.close(), { code: 'ESTALE' });
  t.deepEqual([document.content, document.counts.dropped], ['x', 1]);
  t.is(client.session.size, 0);
});

test('every tier may ask access(2), and is told what open would say', async (t) => {
  const made = tree();
  const { session, namespace, changes } = await sessionOn(made.root);
  const R = 4;
  const W = 2;
  const X = 1;
  const ask = async (subject: Subject, path: string, mask: number): Promise<unknown> => {
    const client = new SessionClient(new Session({ namespace, changes, subject }));
    const fid = await client.fid(path);
    try {
      await client.session.access(fid, mask, client.session.request());
      return 'ok';
    } catch (error) {
      return (error as Errno).code;
    }
  };
  t.is(await ask(session.subject, '/work/shown', R | W), 'ok');
  t.is(await ask(session.subject, '/status', W), 'EACCES');
  t.is(await ask(session.subject, '/status', X), 'EACCES');
  t.is(await ask(session.subject, '/work', R | W | X), 'ok');
  t.is(await ask(agent('ada'), '/work/shown', R), 'ok');
  t.is(await ask(agent('ada'), '/work/shown', W), 'EACCES');
  t.is(await ask(agent('ada'), '/work/own', W), 'ok');
  t.is(await ask(observer, '/work', W), 'EACCES');
});

test('a listing shows the inode number and type that stat shows, and renders nothing', async (t) => {
  const world = newWorld();
  let renders = 0;
  const slow = new Text(world, async () => {
    renders++;
    return 'slow\n';
  });
  const failing = new Text(world, async () => {
    throw new Errno('EIO', 'no way');
  });
  const client = await clientOn(shelf(world, { slow: ['text', slow], failing: ['text', failing] }));
  const listed = await client.list('/');
  t.is(renders, 0);
  t.is(listed[0]!.ino, (await client.stat('/slow')).ino);
  t.deepEqual(await names(client, '/'), ['slow', 'failing']);
});
