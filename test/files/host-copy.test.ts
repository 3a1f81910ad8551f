import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { copyTree, type Copied } from '../../src/files/host/copy.ts';
import { removeTree } from '../../src/files/host/remove.ts';
import { temporary } from '../support/temporary.ts';

const MANY = { bytes: 64 * 1024 * 1024, entries: 20_000 };

interface Pair {
  from: string;
  to: string;
  outside: string;
  copy: (options?: Partial<typeof MANY> & { signal?: AbortSignal }) => Promise<Copied>;
}

const pair = (t: ExecutionContext): Pair => {
  const path = temporary(t);
  const [from, to, outside] = ['work', 'copy', 'outside'].map((name) => join(path, name)) as [string, string, string];
  for (const made of [from, to, outside]) fs.mkdirSync(made);
  fs.writeFileSync(join(outside, 'secret'), 'OUTSIDE');
  return { from, to, outside, copy: (options) => copyTree(from, to, { ...MANY, ...options }) };
};

test('files, directories, modes, times and texts of links', async (t) => {
  const { from, to, copy } = pair(t);
  fs.mkdirSync(join(from, 'a/b'), { recursive: true });
  fs.writeFileSync(join(from, 'a/b/run'), '#!/bin/sh\n', { mode: 0o755 });
  fs.writeFileSync(join(from, 'empty'), '');
  fs.symlinkSync('a/b/run', join(from, 'link'));
  fs.chmodSync(join(from, 'a'), 0o555);
  const time = new Date('2020-02-02T02:02:02.020Z');
  fs.utimesSync(join(from, 'a/b/run'), time, time);
  t.deepEqual(await copy(), { entries: 5, bytes: 10, left: 0 });
  t.is(fs.readFileSync(join(to, 'a/b/run'), 'utf8'), '#!/bin/sh\n');
  t.is(fs.statSync(join(to, 'a/b/run')).mode & 0o777, 0o755);
  t.is(fs.statSync(join(to, 'a')).mode & 0o777, 0o555);
  t.deepEqual(fs.statSync(join(to, 'a/b/run')).mtime, time);
  t.is(fs.readlinkSync(join(to, 'link')), 'a/b/run');
  await removeTree(to);
  t.false(fs.existsSync(to));
  await removeTree(to);
});

test('a link that leads out is a text, and nothing behind it is copied', async (t) => {
  const { from, to, outside, copy } = pair(t);
  for (const [i, target] of [outside, join(outside, 'secret'), '/etc/passwd', '..', '/', 'l0'].entries()) {
    fs.symlinkSync(target, join(from, `l${i}`));
  }
  t.is((await copy()).bytes, 0);
  for (const name of fs.readdirSync(to)) t.true(fs.lstatSync(join(to, name)).isSymbolicLink());
  await removeTree(from);
  await removeTree(to);
  t.is(fs.readFileSync(join(outside, 'secret'), 'utf8'), 'OUTSIDE');
});

test('a directory that is swapped for a link all the time never lets the copy out', async (t) => {
  const { from, outside } = pair(t);
  for (let i = 0; i < 20; i++) {
    fs.mkdirSync(join(from, `d${i}`));
    for (let j = 0; j < 20; j++) fs.writeFileSync(join(from, `d${i}`, `f${j}`), 'inside');
  }
  const swapper = spawn('sh', [
    '-c',
    `cd "$1"; echo ready; while :; do for d in d3 d7 d11; do mv $d x; ln -s "$2" $d; rm $d; mv x $d; mv $d/f1 y; ln -s "$2/secret" $d/f1; rm $d/f1; mv y $d/f1; done; done`,
    'sh',
    from,
    outside,
  ]);
  t.teardown(() => swapper.kill('SIGKILL'));
  await once(swapper.stdout, 'data');
  for (let round = 0; round < 5; round++) {
    const to = join(outside, '..', `copy${round}`);
    fs.mkdirSync(to);
    await copyTree(from, to, MANY);
    // grep -r follows no link.
    t.is(spawnSync('grep', ['-rl', 'OUTSIDE', to], { encoding: 'utf8' }).stdout, '');
  }
});

test('FIFOs are copied without being opened; sockets are left out; devices too', async (t) => {
  const { from, to, copy } = pair(t);
  execFileSync('mkfifo', [join(from, 'fifo')]);
  const server = createServer().listen(join(from, 'socket'));
  await once(server, 'listening');
  t.teardown(() => server.close());
  let left = 1;
  if (process.getuid!() === 0) {
    try {
      execFileSync('mknod', [join(from, 'null'), 'c', '1', '3'], { stdio: 'ignore' });
      left++;
    } catch {
      t.log('no device nodes can be made here');
    }
  }
  t.deepEqual(await copy(), { entries: 1 + left, bytes: 0, left });
  t.deepEqual(fs.readdirSync(to), ['fifo']);
  t.true(fs.lstatSync(join(to, 'fifo')).isFIFO());
});

test('hard links within the tree stay hard links, one that leads out is a copy', async (t) => {
  const { from, to, outside, copy } = pair(t);
  fs.mkdirSync(join(from, 'd'));
  fs.writeFileSync(join(from, 'd/one'), '12345');
  fs.linkSync(join(from, 'd/one'), join(from, 'two'));
  fs.linkSync(join(outside, 'secret'), join(from, 'shared'));
  t.is((await copy()).bytes, 12);
  t.is(fs.statSync(join(to, 'd/one')).ino, fs.statSync(join(to, 'two')).ino);
  t.not(fs.statSync(join(to, 'shared')).ino, fs.statSync(join(outside, 'secret')).ino);
  fs.writeFileSync(join(to, 'shared'), 'x');
  t.is(fs.readFileSync(join(outside, 'secret'), 'utf8'), 'OUTSIDE');
});

test('a file of holes costs what is in it', async (t) => {
  const { from, to, copy } = pair(t);
  const size = 1024 ** 4;
  const fd = fs.openSync(join(from, 'sparse'), 'w');
  fs.ftruncateSync(fd, size);
  fs.writeSync(fd, 'here', 512 * 1024 ** 3);
  fs.closeSync(fd);
  t.true((await copy()).bytes <= 65_536);
  const copied = fs.statSync(join(to, 'sparse'));
  t.is(copied.size, size);
  t.true(copied.blocks < 1024);
  const read = fs.openSync(join(to, 'sparse'), 'r');
  const found = Buffer.alloc(4);
  fs.readSync(read, found, 0, 4, 512 * 1024 ** 3);
  fs.closeSync(read);
  t.is(found.toString(), 'here');
});

test('10,000 files, while others have their turn', async (t) => {
  const { from, to, copy } = pair(t);
  for (let i = 0; i < 10_000; i++) {
    if (i % 100 === 0) fs.mkdirSync(join(from, `d${i / 100}`));
    fs.writeFileSync(join(from, `d${Math.floor(i / 100)}`, `f${i}`), `${i}`);
  }
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  t.is((await copy()).entries, 10_100);
  clearInterval(timer);
  t.true(turns > 20, `${turns} turns`);
  t.is(fs.readFileSync(join(to, 'd99/f9999'), 'utf8'), '9999');
});

test('too many bytes, entries or levels: EFBIG; who gives up gets EINTR', async (t) => {
  const { from, to, copy } = pair(t);
  fs.writeFileSync(join(from, 'a'), 'x'.repeat(1000));
  fs.writeFileSync(join(from, 'b'), 'x'.repeat(1000));
  await t.throwsAsync(copy({ bytes: 1999 }), { code: 'EFBIG' });
  await removeTree(to);
  fs.mkdirSync(to);
  await t.throwsAsync(copy({ entries: 1 }), { code: 'EFBIG' });
  await removeTree(to);
  fs.mkdirSync(to);
  await t.throwsAsync(copy({ signal: AbortSignal.abort() }), { code: 'EINTR' });
  let deep = from;
  for (let i = 0; i < 150; i++) fs.mkdirSync((deep = join(deep, 'd')));
  await t.throwsAsync(copy(), { code: 'EFBIG' });
  await removeTree(from);
  t.false(fs.existsSync(from));
});

test('names and texts of links that are no UTF-8', async (t) => {
  const { from, to, copy } = pair(t);
  const odd = Buffer.concat([Buffer.from(`${from}/`), Buffer.from([0x66, 0xff, 0xfe])]);
  fs.writeFileSync(odd, 'odd');
  fs.symlinkSync(Buffer.from([0xff, 0x2f, 0x80]), Buffer.from(`${from}/link`));
  await copy();
  t.is(fs.readFileSync(Buffer.concat([Buffer.from(`${to}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'utf8'), 'odd');
  t.deepEqual(fs.readlinkSync(`${to}/link`, 'buffer'), Buffer.from([0xff, 0x2f, 0x80]));
});
