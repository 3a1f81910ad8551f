import test from 'ava';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverKey } from '../../../src/drivers/keys/server-key.ts';
import { temporary } from '../../support/temporary.ts';

test('it is made once, private and whole, and is the same from then on', async (t) => {
  const directory = temporary(t);
  const key = await serverKey({ directory, needed: false });
  const path = join(directory, 'server.key');
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(key.length, 32);
  t.deepEqual(Buffer.from(key), readFileSync(path));
  t.notDeepEqual(Buffer.from(key), Buffer.alloc(32));
  t.deepEqual(await serverKey({ directory, needed: true }), key);
  t.deepEqual(readdirSync(directory), ['server.key']);
});

test('missing where agents have keys it is a failure that changes nothing', async (t) => {
  const directory = temporary(t);
  const error = await t.throwsAsync(serverKey({ directory, needed: true }), { code: 'ENOKEY' });
  t.like(error, { path: join(directory, 'server.key') });
  t.deepEqual(readdirSync(directory), []);
});

test('what a crash left of making it is no key', async (t) => {
  const directory = temporary(t);
  writeFileSync(join(directory, 'server.key.new'), 'half');
  t.is((await serverKey({ directory, needed: false })).length, 32);
  t.deepEqual(readdirSync(directory), ['server.key']);
});

test('rights of others are taken back, and told', async (t) => {
  const directory = temporary(t);
  const key = await serverKey({ directory, needed: false });
  const path = join(directory, 'server.key');
  chmodSync(path, 0o644);
  const told: string[] = [];
  t.deepEqual(await serverKey({ directory, needed: true, warn: (message) => told.push(message) }), key);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(told.length, 1);
  t.regex(told[0]!, /0644/);
  t.false(told[0]!.includes(Buffer.from(key).toString('hex')));
});

test('of another length it is refused and not touched', async (t) => {
  for (const length of [0, 31, 33]) {
    const directory = temporary(t);
    const path = join(directory, 'server.key');
    writeFileSync(path, Buffer.alloc(length, 1), { mode: 0o600 });
    await t.throwsAsync(serverKey({ directory, needed: false }), { code: 'EINVAL' });
    t.is(readFileSync(path).length, length);
  }
});

test('what is no regular file is refused, without waiting', async (t) => {
  const link = temporary(t);
  writeFileSync(join(link, 'elsewhere'), Buffer.alloc(32, 1), { mode: 0o600 });
  symlinkSync('elsewhere', join(link, 'server.key'));
  await t.throwsAsync(serverKey({ directory: link, needed: false }), { code: 'EPERM' });
  const folder = temporary(t);
  mkdirSync(join(folder, 'server.key'));
  await t.throwsAsync(serverKey({ directory: folder, needed: false }), { code: 'EPERM' });
  const fifo = temporary(t);
  execFileSync('mkfifo', [join(fifo, 'server.key')]);
  await t.throwsAsync(serverKey({ directory: fifo, needed: false }), { code: 'EPERM' });
});
