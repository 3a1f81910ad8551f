import { rm } from 'node:fs/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { connect } from '../../src/9p/client.ts';
import type { Client } from '../../src/9p/client.ts';
import { listen } from '../../src/9p/listen.ts';
import { remote } from '../../src/9p/remote.ts';
import { O_DIRECTORY, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { Session } from '../../src/kernel/session.ts';
import { operator } from '../../src/kernel/subject.ts';
import { sessionOn } from '../support/nodes.ts';
import { serve } from './tree.ts';
import type { Served } from './tree.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

const withRemote = (
  title: string,
  run: (t: ExecutionContext, session: Session, served: Served, client: Client) => Promise<void>,
): void => {
  test(title, async (t) => {
    const served = await serve();
    const client = await connect({ kind: 'unix', path: served.path });
    const { session } = await sessionOn(remote(client));
    await session.attach(0, session.request());
    try {
      await run(t, session, served, client);
      t.deepEqual(served.failures, []);
    } finally {
      await session.close();
      await client.close();
      await served.close();
    }
  });
};

withRemote(
  'another server through a session of ours: read, list, write, make, rename, remove',
  async (t, s, served) => {
    const r = s.request();
    const [dir, inner] = await s.walk(0, 1, ['dir', 'inner'], r);
    t.is(dir!.mode, 0o40755);
    t.is(inner!.size, 6);
    await s.open(1, O_RDONLY, r);
    t.is(text(await s.read(1, 0, 100, r)), 'inner\n');
    await s.clunk(1);

    await s.walk(0, 2, ['dir'], r);
    await s.open(2, O_RDONLY | O_DIRECTORY, r);
    const entries = await s.entries(2, true, r);
    t.deepEqual(
      entries.map(({ name }) => name),
      ['.', '..', 'inner', 'deep'],
    );
    t.is(entries[2]!.qid, inner!.qid, 'one file has one number, however it is found');
    await s.clunk(2);

    await s.walk(0, 3, ['link'], r);
    t.is(await s.readlink(3, r), 'dir/inner');
    await s.walk(0, 4, ['away', 'inner'], r);

    const made = await s.mkdir(0, 'made', 0o755, r);
    t.is(made.mode & 0o170000, 0o040000);
    await s.walk(0, 5, ['made'], r);
    await s.walk(5, 6, [], r);
    await s.create(6, 'file', O_RDWR, 0o644, r);
    t.is(await s.write(6, 0, Buffer.from('text'), r), 4);
    t.is(text(await s.read(6, 0, 9, r)), 'text');
    t.is((await s.stat(6, r)).size, 4);
    await s.setattr(6, { size: 2 }, r);
    await s.fsync(6, false, r);
    t.is((await s.stat(6, r)).size, 2);
    await s.clunk(6);
    await t.throwsAsync(async () => s.rename(5, 'file', 0, 'moved', 0, r), { code: 'EPERM' }, 'the server says so');
    await s.rename(5, 'file', 5, 'moved', 0, r);
    await s.walk(5, 7, ['moved'], r);
    t.is((await s.stat(7, r)).size, 2);
    await t.throwsAsync(async () => s.rename(5, 'moved', 5, 'other', 1, r), { code: 'EINVAL' });
    await s.unlink(5, 'moved', false, r);
    await s.unlink(0, 'made', true, r);
    await t.throwsAsync(async () => s.walk(0, 8, ['made'], r), { code: 'ENOENT' });
    t.false(served.root.children.has('made'));
    await t.throwsAsync(async () => s.symlink(0, 'l', 'x', r), { code: 'EPERM' });
    await t.throwsAsync(async () => s.getxattr(4, 'user.x', r), { code: 'ENOTSUP' });
    t.is((await s.statfs(0, r)).namelen, 255);

    await s.walk(0, 9, ['rich'], r);
    await s.setxattr(9, 'user.x', Buffer.from('value'), 0, r);
    t.is(text(await s.getxattr(9, 'user.x', r)), 'value');
    t.deepEqual(await s.listxattr(9, r), ['user.x']);
    await s.removexattr(9, 'user.x', r);
    await t.throwsAsync(async () => s.getxattr(9, 'user.x', r), { code: 'ENODATA' });
    t.is((await s.symlink(9, 'new', 'there', r)).mode & 0o170000, 0o120000);
  },
);

withRemote('the close acts at the server, and the flush before it shows its error', async (t, s, { paper }) => {
  const r = s.request();
  await s.walk(0, 1, ['paper'], r);
  await s.open(1, O_WRONLY | O_TRUNC, r);
  await s.write(1, 0, Buffer.from('good\n'), r);
  await s.flush(1, r);
  t.false(paper.history.some((line) => line.startsWith('publish')));
  await s.clunk(1);
  t.true(paper.history.includes('publish good'));
  await s.walk(0, 1, ['paper'], r);
  await s.open(1, O_WRONLY | O_TRUNC, r);
  await s.write(1, 0, Buffer.from('bad'), r);
  await t.throwsAsync(async () => s.flush(1, r), { code: 'EINVAL' });
  await t.throwsAsync(async () => s.clunk(1), { code: 'EINVAL' });
});

withRemote('an aborted read is flushed at the server', async (t, s, { talker }) => {
  const r = s.request();
  await s.walk(0, 1, ['stream'], r);
  await s.open(1, O_RDONLY, r);
  const waits = s.request();
  const read = s.read(1, 0, 100, waits);
  await talker.until(() => talker.waiting === 1);
  waits.abort();
  await t.throwsAsync(async () => read, { code: 'EINTR' });
  t.is(talker.interrupted, 1);
});

withRemote('fids at the server stay bounded however many files are looked at', async (t, s, served) => {
  const { root, sessions } = served;
  const r = s.request();
  for (let i = 0; i < 1500; i++) root.mkdir(`many-${i}`);
  for (let i = 0; i < 1500; i++) {
    await s.walk(0, 1, [`many-${i}`], r);
    await s.clunk(1);
  }
  t.true(sessions[0]!.size < 1100, `${sessions[0]!.size} fids`);
});

withRemote('many questions of one request are no leak to warn of', async (t, session) => {
  const warnings: string[] = [];
  const heard = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', heard);
  const request = session.request();
  await Promise.all(Array.from({ length: 20 }, async (_, index) => session.walk(0, index + 10, ['dir'], request)));
  await new Promise(setImmediate);
  process.off('warning', heard);
  t.deepEqual(warnings, []);
});

test('a tree through two servers', async (t) => {
  const first = await serve();
  const inner = await connect({ kind: 'unix', path: first.path });
  const { namespace, changes } = await sessionOn(remote(inner));
  const path = `${first.path}.second`;
  const second = await listen(
    { kind: 'unix', path },
    {
      attach: (_aname, { links }) => new Session({ namespace, changes, subject: operator, links }),
      unexpected: (cause) => {
        t.fail(String(cause));
      },
    },
  );
  const outer = await connect({ kind: 'unix', path });
  t.is((await outer.list('many')).length, 300);
  const big = await outer.open('big');
  const bytes = await big.read(1 << 20, 1 << 20);
  t.true(
    bytes.length > 900_000 && Buffer.from(bytes).equals(first.big.content.subarray(1 << 20, (1 << 20) + bytes.length)),
  );
  const stop = new AbortController();
  const stream = await outer.open('stream');
  const read = stream.read(10, 0, stop.signal);
  await first.talker.until(() => first.talker.waiting === 1);
  stop.abort();
  await t.throwsAsync(read, { code: 'EINTR' });
  t.is(first.talker.interrupted, 1);
  await outer.close();
  await second.close();
  await inner.close();
  await first.close();
  await rm(path, { force: true });
});
