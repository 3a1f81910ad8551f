import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { connect } from '../../src/9p/client.ts';
import type { Client } from '../../src/9p/client.ts';
import { remote } from '../../src/9p/remote.ts';
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { sessionOn } from '../support/nodes.ts';

/** diod as a server our client was not written against. */
const diod = ['/usr/sbin/diod', '/usr/local/sbin/diod'].find(existsSync);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

if (!diod && process.env.CI === 'true') {
  test('diod is installed', (t) => {
    t.fail('diod is missing; install the package diod');
  });
}

const check = diod ? test : test.skip;

const withDiod = async (run: (client: Client, folder: string) => Promise<void>): Promise<void> => {
  const place = await mkdtemp(join(tmpdir(), 'weft-diod-'));
  const folder = join(place, 'export');
  const path = join(place, 'socket');
  await mkdir(folder);
  const child = spawn(diod!, ['-f', '-n', '-N', '-l', path, '-e', folder, '-L', 'stderr'], {
    stdio: 'ignore',
    // It may crash at the end (1.0.24 does now and then); what it leaves then goes with the folder.
    cwd: place,
  });
  const exited = once(child, 'exit');
  try {
    const client = await patient(() => connect({ kind: 'unix', path }, { aname: folder }));
    try {
      await run(client, folder);
    } finally {
      await client.close();
    }
  } finally {
    child.kill();
    await exited;
    await rm(place, { recursive: true });
  }
};

/** Tries for 5 seconds: diod says nowhere when it is ready. */
const patient = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (const end = performance.now() + 5000; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
};

check('our client and diod: files, directories, links, attributes', async (t) => {
  await withDiod(async (client, folder) => {
    const at = (name: string): string => join(folder, name);
    await writeFile(at('hello'), 'hello\n', { mode: 0o640 });
    await mkdir(at('many'));
    for (let i = 0; i < 2000; i++) await writeFile(join(at('many'), `a-rather-long-name-${i}`), '');

    t.is((await client.list('many')).length, 2000);
    const hello = await client.open('hello');
    t.is(text(await hello.read(100, 0)), 'hello\n');
    const { mtimeNs, ino } = await stat(at('hello'), { bigint: true });
    t.like(await hello.stat(), { size: 6, mode: 0o100640, mtime: mtimeNs });
    t.is(BigInt((await hello.stat()).qid.path), ino);
    await hello.close();

    await client.mkdir('dir', 0o750);
    t.is((await stat(at('dir'))).mode & 0o777, 0o750);
    const bytes = Buffer.alloc(3_000_000, 'pattern of seventeen');
    const file = await client.open('dir/new', O_RDWR | O_CREAT | O_EXCL, { mode: 0o600 });
    await file.write(bytes, 0);
    await file.close();
    t.true((await readFile(at('dir/new'))).equals(bytes));
    await t.throwsAsync(client.open('dir/new', O_WRONLY | O_CREAT | O_EXCL), { code: 'EEXIST' });
    const short = await client.open('dir/new', O_WRONLY | O_CREAT | O_TRUNC);
    await short.write(Buffer.from('short'), 0);
    await short.close();
    t.is(await readFile(at('dir/new'), 'utf8'), 'short');

    await client.rename('dir/new', 'many/moved');
    await client.symlink('hello', 'link');
    t.is(await client.readlink('link'), 'hello');
    await client.setattr('hello', { mode: 0o600, mtime: 1_234_567_890_123_456_789n });
    t.like(await client.stat('hello'), { mode: 0o100600, mtime: 1_234_567_890_123_456_789n });
    await t.throwsAsync(client.remove('many'), { code: 'ENOTEMPTY' });
    await client.remove('many/moved');
    await client.remove('link');
    await client.remove('dir');
    t.deepEqual((await readdir(folder)).sort(), ['hello', 'many']);
    await t.throwsAsync(client.stat('nothing/at/all'), { code: 'ENOENT' });
    t.true((await client.statfs()).blocks > 0);
  });
});

check('a session of ours on a tree of diod', async (t) => {
  await withDiod(async (client, folder) => {
    await symlink('target', join(folder, 'link'));
    await writeFile(join(folder, 'target'), 'here\n');
    await mkdir(join(folder, 'a'));
    await mkdir(join(folder, 'b'));
    const { session: s } = await sessionOn(remote(client));
    const r = s.request();
    await s.attach(0, r);
    await s.walk(0, 1, ['link'], r);
    t.is(await s.readlink(1, r), 'target');
    await s.open(1, O_RDONLY, r);
    t.is(text(await s.read(1, 0, 10, r)), 'here\n');
    await s.walk(0, 2, ['a'], r);
    await s.walk(0, 3, ['b'], r);
    await s.walk(2, 4, [], r);
    await s.create(4, 'file', O_WRONLY | O_APPEND, 0o644, r);
    await s.write(4, 0, Buffer.from('one '), r);
    await s.write(4, 4, Buffer.from('two'), r);
    await s.fsync(4, false, r);
    await s.clunk(4);
    await s.walk(2, 5, ['file'], r);
    await s.link(3, 'hard', 5, r);
    t.is((await s.stat(5, r)).nlink, 2);
    await s.rename(2, 'file', 3, 'moved', 0, r);
    t.is(await readFile(join(folder, 'b/moved'), 'utf8'), 'one two');
    t.is(text(await readFile(join(folder, 'b/hard'))), 'one two');
    // An inode number that is used again stands for the new file.
    await s.unlink(3, 'hard', false, r);
    await s.unlink(3, 'moved', false, r);
    await s.walk(3, 6, [], r);
    await s.create(6, 'fresh', O_RDWR, 0o644, r);
    await s.write(6, 0, Buffer.from('fresh'), r);
    await s.clunk(6);
    await s.walk(3, 6, ['fresh'], r);
    t.is((await s.stat(6, r)).size, 5);
    await s.close();
  });
});
