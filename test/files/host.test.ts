import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { host, type Host } from '../../src/files/host.ts';
import { drop, hold } from '../../src/kernel/fid.ts';
import * as mode from '../../src/kernel/mode.ts';
import type { Dir, Entry, File, Handle, Link, Node } from '../../src/kernel/node.ts';
import { hostBase } from '../../src/kernel/qid.ts';
import { Request } from '../../src/kernel/request.ts';
import { agent, operator } from '../../src/kernel/subject.ts';
import { temporary } from '../support/temporary.ts';

const request = new Request(operator);
const text = async (bytes: Uint8Array | Promise<Uint8Array>): Promise<string> => Buffer.from(await bytes).toString();
const all = async (dir: Dir): Promise<Entry[]> => [...(await dir.list(request))];
const names = async (dir: Dir): Promise<string[]> => (await all(dir)).map(({ name }) => name).sort();

interface Place {
  path: string;
  root: Host;
  file: (name: string) => File;
  /** As a fid of a session would have it. */
  held: <T extends Node>(node: T) => T;
}

const place = (t: ExecutionContext): Place => {
  const path = temporary(t);
  const root = host(path);
  t.teardown(() => root.close());
  return {
    path,
    root,
    file: (name) => root.lookup(name, request) as File,
    held(node) {
      hold(node);
      t.teardown(() => drop(node));
      return node;
    },
  };
};

test('a file is created, written, read and looked at', async (t) => {
  const { root, path } = place(t);
  const { node, handle } = await root.create!('a', mode.O_RDWR, 0o640, request);
  t.is(await handle.write!(0, Buffer.from('hello'), request), 5);
  t.is(await text(handle.read!(1, 100, request)), 'ello');
  handle.close!();
  const attributes = await node.stat(request);
  const real = fs.statSync(join(path, 'a'), { bigint: true });
  t.is(attributes.size, 5);
  t.is(attributes.mode, 0o100640);
  t.is(attributes.nlink, 1);
  t.is(attributes.uid, Number(real.uid));
  t.is(attributes.mtime, real.mtimeNs);
  t.is(attributes.ctime, real.ctimeNs);
  t.is(attributes.blocks, Number(real.blocks));
  t.is(attributes.qid % 2 ** 32, Number(real.ino) % 2 ** 32);
  t.true(attributes.qid >= hostBase && Number.isSafeInteger(attributes.qid));
  t.is(fs.readFileSync(join(path, 'a'), 'utf8'), 'hello');
});

test('one file is one node, by whatever name it is found', (t) => {
  const { root, path } = place(t);
  fs.writeFileSync(join(path, 'a'), '');
  fs.linkSync(join(path, 'a'), join(path, 'b'));
  t.is(root.lookup('a', request), root.lookup('b', request));
  t.is(root.lookup('nothing', request), undefined);
});

test('a listing has types and the numbers of stat', async (t) => {
  const { root, path } = place(t);
  fs.mkdirSync(join(path, 'd'));
  fs.writeFileSync(join(path, 'f'), '');
  fs.symlinkSync('nowhere', join(path, 'l'));
  const entries = (await all(root)).sort((a, b) => (a.name < b.name ? -1 : 1));
  t.deepEqual(
    entries.map(({ name, mode }) => [name, mode]),
    [
      ['d', mode.S_IFDIR],
      ['f', mode.S_IFREG],
      ['l', mode.S_IFLNK],
    ],
  );
  for (const { name, qid } of entries) {
    t.is(qid, (await (root.lookup(name, request) as Node).stat(request)).qid);
  }
});

test('a large listing is complete', async (t) => {
  const { root, path } = place(t);
  const long = 'n'.repeat(200);
  for (let i = 0; i < 1300; i++) fs.writeFileSync(join(path, `${long}${i}`), '');
  const list = root.list(request);
  t.true(list instanceof Promise, 'others have their turn meanwhile');
  t.is(new Set([...(await list)].map(({ name }) => name)).size, 1300);
  const aborted = new Request(operator);
  const stopped = root.list(aborted);
  aborted.abort();
  await t.throwsAsync(async () => stopped, { code: 'EINTR' });
});

test('names that are no UTF-8 can be listed, found and made', async (t) => {
  const { root, path } = place(t);
  const bytes = Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82]);
  fs.writeFileSync(Buffer.concat([Buffer.from(`${path}/`), bytes]), 'odd');
  const [name] = await names(root);
  t.is(name, 'a\udcffé\udce2\udc82');
  const handle = await (root.lookup(name!, request) as File).open(mode.O_RDONLY, request);
  t.is(await text(handle.read!(0, 10, request)), 'odd');
  handle.close!();
  await root.rename!(name!, root, '\udc80', 0, request);
  t.deepEqual(fs.readdirSync(path, 'buffer' as never) as unknown, [Buffer.of(0x80)]);
});

test('directories are made, renamed and removed', async (t) => {
  const { root, path, held } = place(t);
  const sub = held(await root.mkdir!('sub', 0o750, request));
  t.is((await sub.stat(request)).mode, 0o40750);
  t.throws(() => root.mkdir!('sub', 0o750, request), { code: 'EEXIST' });
  await sub.create!('f', mode.O_WRONLY, 0o644, request);
  t.throws(() => root.remove!('sub', true, request), { code: 'ENOTEMPTY' });
  t.throws(() => root.remove!('sub', false, request), { code: 'EISDIR' });
  await root.rename!('sub', root, 'other', 0, request);
  t.deepEqual(await names(sub), ['f']);
  t.is(root.lookup('other', request), sub);
  await sub.remove!('f', false, request);
  await root.remove!('other', true, request);
  t.is((await sub.stat(request)).nlink, 0);
  t.throws(() => sub.create!('g', mode.O_WRONLY, 0o644, request), { code: 'ENOENT' });
  t.deepEqual(fs.readdirSync(path), []);
});

test('rename replaces, refuses and exchanges', async (t) => {
  const { root, path, file, held } = place(t);
  fs.writeFileSync(join(path, 'a'), 'A');
  fs.writeFileSync(join(path, 'b'), 'B');
  fs.mkdirSync(join(path, 'd'));
  t.throws(() => root.rename!('a', root, 'b', 1, request), { code: 'EEXIST' });
  t.throws(() => root.rename!('a', root, 'd', 0, request), { code: 'EISDIR' });
  t.throws(() => root.rename!('d', root, 'a', 0, request), { code: 'ENOTDIR' });
  t.throws(() => root.rename!('nothing', root, 'a', 0, request), { code: 'ENOENT' });
  const a = held(file('a'));
  const b = held(file('b'));
  await root.rename!('a', root, 'b', 2, request);
  t.is(file('a'), b);
  t.is(file('b'), a);
  await root.rename!('b', root, 'a', 0, request);
  t.is(file('a'), a);
  t.is((await b.stat(request)).nlink, 0);
  const gone = await b.open(mode.O_RDONLY, request);
  t.is(await text(gone.read!(0, 10, request)), 'B');
  gone.close!();
});

test('a directory does not go below itself, nor out of its host directory', async (t) => {
  const { root, file } = place(t);
  const { root: other } = place(t);
  const a = await root.mkdir!('a', 0o755, request);
  t.throws(() => root.rename!('a', a, 'b', 0, request), { code: 'EINVAL' });
  t.throws(() => root.rename!('a', other, 'b', 0, request), { code: 'EXDEV' });
  await root.create!('f', mode.O_WRONLY, 0o644, request);
  t.throws(() => other.link!(file('f'), 'f', request), { code: 'EXDEV' });
});

test('an unlinked open file works on', async (t) => {
  const { root } = place(t);
  const { node, handle } = await root.create!('a', mode.O_RDWR, 0o644, request);
  await root.remove!('a', false, request);
  t.is(await handle.write!(0, Buffer.from('still here'), request), 10);
  t.is(await text(handle.read!(6, 4, request)), 'here');
  await handle.truncate!(5, request);
  await handle.sync!(false, request);
  const attributes = await handle.stat!(request);
  t.is(attributes.size, 5);
  t.is(attributes.nlink, 0);
  t.is((await node.stat(request)).size, 5);
  await handle.setattr!({ mode: 0o600 }, request);
  t.is((await node.stat(request)).mode, 0o100600);
  handle.close!();
});

test('hard links to files and to links', async (t) => {
  const { root, path, held } = place(t);
  const { node, handle } = await root.create!('a', mode.O_RDWR, 0o644, request);
  handle.close!();
  held(node);
  await root.link!(node, 'b', request);
  t.is((await node.stat(request)).nlink, 2);
  await root.remove!('a', false, request);
  t.is((await node.stat(request)).nlink, 1);
  t.is(root.lookup('b', request), node);
  const link = (await root.symlink!('l', '/etc/passwd', request)) as Link;
  await root.link!(link, 'm', request);
  t.is(fs.readlinkSync(join(path, 'm')), '/etc/passwd');
  t.is((await link.stat(request)).nlink, 2);
  const dir = await root.mkdir!('d', 0o755, request);
  t.throws(() => root.link!(dir, 'e', request), { code: 'EPERM' });
});

test('setattr: mode, times in nanoseconds, size', async (t) => {
  const { root, path, file } = place(t);
  fs.writeFileSync(join(path, 'a'), 'twelve bytes');
  const a = file('a');
  await a.setattr!({ mode: 0o4711, size: 6, atime: 1_000_000_001n, mtime: -1n }, request);
  const now = await a.stat(request);
  t.is(now.mode, 0o104711);
  t.is(now.size, 6);
  t.is(now.atime, 1_000_000_001n);
  t.is(now.mtime, -1n);
  const before = BigInt(Date.now() - 1000) * 1_000_000n;
  await a.setattr!({ mtime: 'now' }, request);
  t.true((await a.stat(request)).mtime > before);
  t.is((await a.stat(request)).atime, 1_000_000_001n);
  const link = (await root.symlink!('l', 'a', request)) as Link;
  await link.setattr!({ mtime: 5n, uid: process.getuid!() }, request);
  t.is((await link.stat(request)).mtime, 5n);
  t.is(fs.lstatSync(join(path, 'l'), { bigint: true }).mtimeNs, 5n);
  t.throws(() => root.setattr!({ size: 0 }, request), { code: 'EISDIR' });
});

test('holes, SEEK_DATA and SEEK_HOLE, fallocate, copy_file_range', async (t) => {
  const { root } = place(t);
  const { handle } = await root.create!('a', mode.O_RDWR, 0o644, request);
  await handle.write!(1 << 20, Buffer.from('end'), request);
  const attributes = await handle.stat!(request);
  t.is(attributes.size, (1 << 20) + 3);
  t.true(attributes.blocks * 512 < 1 << 20);
  t.is(await handle.seek!(0, 3, request), 1 << 20);
  t.is(await handle.seek!(0, 4, request), 0);
  t.throws(() => handle.seek!(2 << 20, 3, request), { code: 'ENXIO' });
  await handle.allocate!(0, 4096, 0, request);
  t.is((await handle.stat!(request)).blocks, attributes.blocks + 8);
  const { handle: copy } = await root.create!('b', mode.O_RDWR, 0o644, request);
  t.is(await handle.copy!(1 << 20, copy, 1, 100, request), 3);
  t.is(await text(copy.read!(0, 10, request)), '\0end');
  handle.close!();
  copy.close!();
});

test('large reads and writes, in and out of memory', async (t) => {
  const { root, path } = place(t);
  const bytes = Buffer.alloc(3 << 20, 'weft ');
  const { handle } = await root.create!('a', mode.O_RDWR, 0o644, request);
  t.is(await handle.write!(0, bytes, request), bytes.length);
  t.is(await handle.write!(0, bytes.subarray(0, 70_000), request), 70_000);
  t.true(Buffer.from(await handle.read!(0, 1 << 20, request)).equals(bytes.subarray(0, 1 << 20)));
  t.true(Buffer.from(await handle.read!(5, 4 << 20, request)).equals(bytes.subarray(5)));
  t.is((await handle.read!(3 << 20, 10, request)).length, 0);
  handle.close!();
  t.true(fs.readFileSync(join(path, 'a')).equals(bytes));
});

test('a write that is under way keeps its descriptor', async (t) => {
  const { root, path } = place(t);
  const { handle } = await root.create!('a', mode.O_RDWR, 0o644, request);
  const written = handle.write!(0, Buffer.alloc(1 << 20, 'x'), request);
  handle.close!();
  t.is(await written, 1 << 20);
  t.is(fs.statSync(join(path, 'a')).size, 1 << 20);
  t.throws(() => handle.read!(0, 1, request), { code: 'EBADF' });
});

test('O_APPEND, O_TRUNC and O_EXCL', async (t) => {
  const { root, path, file } = place(t);
  fs.writeFileSync(join(path, 'log'), 'one\n');
  const log = await file('log').open(mode.O_WRONLY | mode.O_APPEND, request);
  fs.appendFileSync(join(path, 'log'), 'two\n');
  await log.write!(0, Buffer.from('three\n'), request);
  await log.write!(0, Buffer.alloc(70_000, 'x'), request);
  log.close!();
  t.true(fs.readFileSync(join(path, 'log'), 'utf8').startsWith('one\ntwo\nthree\nxxx'));
  (await file('log').open(mode.O_WRONLY | mode.O_TRUNC, request)).close!();
  t.is(fs.statSync(join(path, 'log')).size, 0);
  t.throws(() => root.create!('log', mode.O_WRONLY | mode.O_EXCL, 0o644, request), { code: 'EEXIST' });
  const { node, handle } = await root.create!('log', mode.O_WRONLY, 0o644, request);
  t.is(node, file('log'));
  handle.close!();
});

test('special files: FIFOs never block, sockets and devices do not open', async (t) => {
  const { root, path } = place(t);
  const pipe = (await root.mknod!('pipe', mode.S_IFIFO | 0o644, 0, request)) as File;
  t.is((await pipe.stat(request)).mode, mode.S_IFIFO | 0o644);
  t.throws(() => pipe.open(mode.O_WRONLY, request), { code: 'ENXIO' });
  const reader = await pipe.open(mode.O_RDONLY, request);
  t.is((await reader.read!(0, 10, request)).length, 0);
  const writer = await pipe.open(mode.O_WRONLY, request);
  t.throws(() => reader.read!(0, 10, request), { code: 'EAGAIN' });
  t.is(await writer.write!(0, Buffer.from('through'), request), 7);
  t.is(await text(reader.read!(0, 10, request)), 'through');
  reader.close!();
  writer.close!();
  const socket = (await root.mknod!('socket', mode.S_IFSOCK | 0o644, 0, request)) as File;
  t.throws(() => socket.open(mode.O_RDWR, request), { code: 'ENXIO' });
  if (process.getuid!() === 0) {
    const zero = (await root.mknod!('zero', mode.S_IFCHR | 0o666, 0x105, request)) as File;
    t.is((await zero.stat(request)).rdev, 0x105);
    t.is(fs.statSync(join(path, 'zero')).rdev, 0x105);
    t.throws(() => zero.open(mode.O_RDONLY, request), { code: 'EACCES' });
  }
  const plain = (await root.mknod!('plain', mode.S_IFREG | 0o600, 0, request)) as File;
  t.is((await plain.stat(request)).mode, mode.S_IFREG | 0o600);
});

test('an agent gives no rights away', async (t) => {
  const { root, path, file } = place(t);
  const ada = new Request(agent('ada'));
  fs.writeFileSync(join(path, 'a'), '');
  t.throws(() => root.mknod!('d', mode.S_IFCHR | 0o666, 0x105, ada), { code: 'EPERM' });
  t.throws(() => file('a').setattr!({ mode: 0o4755 }, ada), { code: 'EPERM' });
  t.throws(() => root.create!('b', mode.O_WRONLY, 0o2755, ada), { code: 'EPERM' });
  t.throws(() => file('a').setxattr!('security.capability', Buffer.alloc(20), 0, ada), { code: 'EPERM' });
  await file('a').setattr!({ mode: 0o755 }, ada);
  await root.setattr!({ mode: 0o2755 }, ada);
  t.is(fs.statSync(path).mode & 0o7777, 0o2755);
});

test('extended attributes', async (t) => {
  const { root, path, file } = place(t);
  fs.writeFileSync(join(path, 'a'), '');
  const a = file('a');
  await a.setxattr!('user.one', Buffer.from('1'), 0, request);
  await a.setxattr!('user.empty', Buffer.alloc(0), 0, request);
  t.is(await text(a.getxattr!('user.one', request)), '1');
  t.is((await a.getxattr!('user.empty', request)).length, 0);
  t.deepEqual((await a.listxattr!(request)).sort(), ['user.empty', 'user.one']);
  t.throws(() => a.setxattr!('user.one', Buffer.from('2'), 1, request), { code: 'EEXIST' });
  await a.removexattr!('user.one', request);
  t.throws(() => a.getxattr!('user.one', request), { code: 'ENODATA' });
  t.throws(() => a.getxattr!('user.\0', request), { code: 'EINVAL' });
  const link = (await root.symlink!('l', 'a', request)) as Link;
  t.deepEqual(await link.listxattr!(request), []);
  t.throws(() => link.setxattr!('user.one', Buffer.from('1'), 0, request), { code: 'EPERM' });
  if (process.getuid!() === 0) {
    await link.setxattr!('trusted.one', Buffer.from('of the link'), 0, request);
    t.is(await text(link.getxattr!('trusted.one', request)), 'of the link');
    t.deepEqual(await a.listxattr!(request), ['user.empty']);
  }
});

test('statfs is that of the real file system', async (t) => {
  const { root, path } = place(t);
  const space = await root.statfs!(request);
  const real = fs.statfsSync(path);
  t.is(space.blocks, real.blocks);
  t.is(space.bsize, real.bsize);
  t.is(space.files, real.files);
  t.is(space.namelen, 255);
});

test('names are one component', (t) => {
  const { root } = place(t);
  for (const name of ['', '.', '..', 'a/b', 'a\0b']) t.throws(() => root.lookup(name, request), { code: 'EINVAL' });
  t.throws(() => root.lookup('n'.repeat(256), request), { code: 'ENAMETOOLONG' });
  t.throws(() => root.lookup('é'.repeat(128), request), { code: 'ENAMETOOLONG' });
  t.is(root.lookup('n'.repeat(255), request), undefined);
});

test('what the host did meanwhile is seen', async (t) => {
  const { root, path, file, held } = place(t);
  fs.writeFileSync(join(path, 'a'), 'old');
  const old = held(file('a'));
  fs.writeFileSync(join(path, 'b'), 'new');
  fs.renameSync(join(path, 'b'), join(path, 'a'));
  t.not(file('a'), old);
  t.throws(() => old.stat(request), { code: 'ESTALE' });
  t.throws(() => old.open(mode.O_RDONLY, request), { code: 'ESTALE' });
  const handle = await file('a').open(mode.O_RDONLY, request);
  t.is(await text(handle.read!(0, 10, request)), 'new');
  fs.rmSync(join(path, 'a'));
  t.is(root.lookup('a', request), undefined);
  t.is((await handle.stat!(request)).nlink, 0);
  handle.close!();
});

test('the root is whatever directory has its path', async (t) => {
  const { path } = place(t);
  const work = join(path, 'work');
  t.throws(() => host(work).stat(request), { code: 'ENOENT' });
  const root = host(work, { mkdir: 0o700 });
  const before = await root.stat(request);
  t.is(before.mode & 0o777, 0o700);
  fs.writeFileSync(join(work, 'a'), '');
  const held = root.lookup('a', request) as File;
  fs.renameSync(work, `${work}.old`);
  t.throws(() => root.stat(request), { code: 'ENOENT' });
  fs.mkdirSync(work);
  t.not((await root.stat(request)).qid, before.qid);
  t.is(root.lookup('a', request), undefined);
  t.throws(() => held.stat(request), { code: 'ESTALE' });
  fs.rmdirSync(work);
  fs.symlinkSync(`${work}.old`, work);
  t.throws(() => root.stat(request), { code: 'ELOOP' });
  t.throws(() => root.lookup('a', request), { code: 'ELOOP' });
  t.throws(() => root.list(request), { code: 'ELOOP' });
  root.close();
});

test.serial('close gives back every descriptor', async (t) => {
  const { path } = place(t);
  // Only those that lead here: the runner opens and closes its own meanwhile.
  const leadsHere = (fd: string): boolean => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  };
  const fds = (): number => fs.readdirSync('/proc/self/fd').filter(leadsHere).length;
  const root = host(path, { descriptors: 100 });
  const before = fds();
  const sub = await root.mkdir!('sub', 0o755, request);
  const handles: Handle[] = [];
  for (let i = 0; i < 20; i++) handles.push((await sub.create!(`f${i}`, mode.O_RDWR, 0o644, request)).handle);
  t.true(fds() > before);
  root.close();
  t.is(fds(), before);
  t.true(root.gone);
  t.throws(() => root.stat(request), { code: 'ESTALE' });
  t.throws(() => sub.lookup('f1', request), { code: 'ESTALE' });
  t.throws(() => handles[0]!.read!(0, 1, request), { code: 'EBADF' });
});

test('on another system every call says that it cannot', async (t) => {
  const script = `
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    const { host } = await import(process.cwd() + '/src/files/host.ts');
    const { Request } = await import(process.cwd() + '/src/kernel/request.ts');
    const root = host('/tmp');
    const request = new Request({ tier: 'operator' });
    const calls = [
      () => root.stat(request),
      () => root.lookup('a', request),
      () => root.list(request),
      () => root.create('a', 1, 0o644, request),
      () => root.statfs(request),
      () => root.setattr({ mode: 0o700 }, request),
    ];
    const codes = calls.map((call) => {
      try {
        return call();
      } catch ({ code, message }) {
        return code + ' ' + message;
      }
    });
    root.forget();
    root.close();
    console.log(JSON.stringify(codes));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import=tsx', '--input-type=module', '-e', script]);
  const codes = JSON.parse(stdout) as string[];
  t.is(codes.length, 6);
  for (const code of codes) t.is(code, 'ENOTSUP no system calls for darwin');
});
