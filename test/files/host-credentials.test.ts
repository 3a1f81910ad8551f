import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { host } from '../../src/files/host.ts';
import { as, isServer } from '../../src/files/host/credentials.ts';
import * as mode from '../../src/kernel/mode.ts';
import type { File } from '../../src/kernel/node.ts';
import { Request } from '../../src/kernel/request.ts';
import { operator } from '../../src/kernel/subject.ts';
import { temporary } from '../support/temporary.ts';

// Before anything is made: it is looked at once.
process.umask(0o027);
const uid = process.getuid!();
const asRoot = uid === 0 ? test : test.skip;
const server = new Request(operator);
const one = new Request(operator, { uid: 1000, gid: 1000, groups: () => [1001, 1002] });
/** Uid, Gid and Groups of this thread: the fourth number of the first two is that of the file system. */
const identity = (): string[] => {
  const status = fs.readFileSync(`/proc/thread-self/status`, 'utf8');
  return ['Uid', 'Gid', 'Groups'].map((key) => new RegExp(`^${key}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)![1]!);
};

test('no uid, and its own, are the server', (t) => {
  t.true(isServer(server));
  t.true(isServer(new Request(operator, { uid })));
  t.true(isServer(new Request(operator, { uid, gid: process.getgid!() })));
  t.false(isServer(new Request(operator, { uid: uid + 1 })));
});

if (uid !== 0) {
  test('a server that is not root is nobody else', (t) => {
    t.throws(() => as(new Request(operator, { uid: uid + 1, gid: 1 }), () => t.fail()), { code: 'EACCES' });
    t.is(
      as(new Request(operator, { uid: 0, gid: 0 }), () => 'itself'),
      'itself',
    );
  });
}

asRoot('the call has the identity, and nothing after it', (t) => {
  const before = identity();
  const during = as(one, identity);
  t.is(during[0], '0\t0\t0\t1000');
  t.is(during[1], '0\t0\t0\t1000');
  t.is(during[2], '1001 1002');
  t.deepEqual(identity(), before);
  t.throws(
    () =>
      as(one, () => {
        throw new Error('inside');
      }),
    { message: 'inside' },
  );
  t.deepEqual(identity(), before);
});

asRoot('what is made belongs to who makes it, and the host refuses what it would refuse', async (t) => {
  const path = temporary(t);
  const root = host(path);
  t.teardown(() => root.close());
  fs.chmodSync(path, 0o777);
  const { node, handle } = await root.create!('a', mode.O_WRONLY, 0o600, one);
  handle.close!();
  await root.mkdir!('d', 0o700, one);
  await root.symlink!('l', 'a', one);
  await root.mknod!('p', mode.S_IFIFO | 0o600, 0, one);
  for (const name of ['a', 'd', 'l', 'p']) {
    const { uid: owner, gid: group } = fs.lstatSync(join(path, name));
    t.deepEqual([owner, group], [1000, 1000], name);
  }
  const two = new Request(operator, { uid: 1001, gid: 1001 });
  t.throws(() => node.open(mode.O_RDONLY, two), { code: 'EACCES' });
  t.throws(() => node.permit!(mode.R_OK, two), { code: 'EACCES' });
  t.throws(() => node.setattr!({ mode: 0o666 }, two), { code: 'EPERM' });
  t.throws(() => (root.lookup('d', server) as typeof root).list(two), { code: 'EACCES' });
  t.throws(() => (root.lookup('d', server) as typeof root).lookup('x', two), { code: 'EACCES' });
  // By a supplementary group.
  await node.setattr!({ mode: 0o640, gid: 1002 }, server);
  (await node.open(mode.O_RDONLY, new Request(operator, { uid: 1001, gid: 1001, groups: () => [1002] }))).close!();
  // Run, not read: what the kernel marks as an execve asks for the right to run.
  fs.chmodSync(join(path, 'a'), 0o711);
  t.throws(() => node.open(mode.O_RDONLY, two), { code: 'EACCES' });
  (await node.open(mode.O_RDONLY | 0o40, two)).close!();
});

asRoot('a write by another takes set-uid away, small or large', async (t) => {
  const path = temporary(t);
  const root = host(path);
  t.teardown(() => root.close());
  for (const size of [1, 100_000]) {
    fs.writeFileSync(join(path, 'a'), '');
    fs.chmodSync(join(path, 'a'), 0o6777);
    const file = root.lookup('a', server) as File;
    const handle = await file.open(mode.O_WRONLY, one);
    await handle.write!(0, Buffer.alloc(size), server);
    t.is(fs.statSync(join(path, 'a')).mode & 0o7777, 0o6777, 'the server is root');
    await handle.write!(0, Buffer.alloc(size), one);
    t.is(fs.statSync(join(path, 'a')).mode & 0o7777, 0o777);
    handle.close!();
    fs.chmodSync(join(path, 'a'), 0o6777);
    await file.setattr!({ size: 0 }, one);
    t.is(fs.statSync(join(path, 'a')).mode & 0o7777, 0o777);
  }
});

asRoot("the server's umask does not show", async (t) => {
  const path = temporary(t);
  const root = host(path);
  t.teardown(() => root.close());
  (await root.create!('a', mode.O_WRONLY, 0o666, server)).handle.close!();
  await root.mkdir!('d', 0o777, server);
  await root.mknod!('p', mode.S_IFIFO | 0o622, 0, server);
  t.deepEqual(
    ['a', 'd', 'p'].map((name) => fs.statSync(join(path, name)).mode & 0o777),
    [0o666, 0o777, 0o622],
  );
});
