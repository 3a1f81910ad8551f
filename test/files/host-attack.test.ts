import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { host, type Host } from '../../src/files/host.ts';
import { Errno } from '../../src/kernel/errno.ts';
import * as mode from '../../src/kernel/mode.ts';
import type { Dir, File, Node } from '../../src/kernel/node.ts';
import { Request } from '../../src/kernel/request.ts';
import { operator } from '../../src/kernel/subject.ts';
import { sessionOn } from '../support/nodes.ts';
import { temporary } from '../support/temporary.ts';

const request = new Request(operator);

interface Cage {
  root: Host;
  inside: string;
  outside: string;
}

const cage = (t: ExecutionContext): Cage => {
  const path = temporary(t);
  const inside = join(path, 'work');
  const outside = join(path, 'outside');
  fs.mkdirSync(inside);
  fs.mkdirSync(outside);
  fs.writeFileSync(join(outside, 'secret'), 'OUTSIDE');
  const root = host(inside);
  t.teardown(() => root.close());
  return { root, inside, outside };
};

test('no link leads out, whatever it says', async (t) => {
  const { root, inside, outside } = cage(t);
  fs.mkdirSync(join(inside, 'sub'));
  const targets = [
    '/etc/passwd',
    '/etc',
    '../outside/secret',
    '../outside',
    '..',
    '/',
    '/proc/self/root',
    '/proc/self/cwd',
  ];
  const { session } = await sessionOn(root);
  await session.attach(0, request);
  for (const [i, target] of [...targets, join(outside, 'secret'), 'sub/../../outside/secret'].entries()) {
    fs.symlinkSync(target, join(inside, `l${i}`));
    fs.symlinkSync(`../${target}`, join(inside, 'sub', `l${i}`));
    t.is((root.lookup(`l${i}`, request) as Node).kind, 'link');
    for (const names of [[`l${i}`], ['sub', `l${i}`]]) {
      await session.walk(0, 1, names, request);
      // `..` of the root is the root, and a directory.
      const failed = await t.throwsAsync(async () => session.open(1, mode.O_RDWR, request), { instanceOf: Errno });
      t.true(['ELOOP', 'EISDIR', 'ENOENT'].includes(failed.code), `${target}: ${failed.code}`);
      await session.clunk(1);
      for (const further of ['secret', 'passwd', 'etc', 'outside']) {
        const below = async (): Promise<number> => (await session.walk(0, 1, [...names, further], request)).length;
        t.true((await below()) <= names.length, `${target} ${further}`);
      }
    }
  }
});

test('`..` ends at the root of what was attached', async (t) => {
  const { root, inside } = cage(t);
  fs.mkdirSync(join(inside, 'a'));
  const { session } = await sessionOn(root);
  const { qid } = await session.attach(0, request);
  const up = await session.walk(0, 1, ['a', '..', '..', '..'], request);
  t.is(up.at(-1)?.qid, qid);
  t.is((await session.walk(0, 2, ['..', 'outside'], request)).length, 1);
  t.false(session.has(2));
  for (const name of ['..', '.', '../outside', 'a/../..']) {
    t.throws(() => root.lookup(name, request), { code: 'EINVAL' });
    t.throws(() => root.mkdir!(name, 0o755, request), { code: 'EINVAL' });
    t.throws(() => root.create!(name, mode.O_RDWR, 0o644, request), { code: 'EINVAL' });
    t.throws(() => root.rename!('a', root, name, 0, request), { code: 'EINVAL' });
    t.throws(() => root.rename!(name, root, 'b', 0, request), { code: 'EINVAL' });
    t.throws(() => root.remove!(name, true, request), { code: 'EINVAL' });
    t.throws(() => root.symlink!(name, 'x', request), { code: 'EINVAL' });
    t.throws(() => root.mknod!(name, mode.S_IFREG | 0o644, 0, request), { code: 'EINVAL' });
  }
});

test('a node whose name became a link is stale, and is not followed', async (t) => {
  const { root, inside, outside } = cage(t);
  fs.mkdirSync(join(inside, 'd'));
  fs.writeFileSync(join(inside, 'd', 'secret'), 'inside');
  const dir = root.lookup('d', request) as Dir;
  const file = dir.lookup('secret', request) as File;
  // All descriptors are given back, so that every call has to find its way again.
  const released = (): void => {
    dir.forget!();
    file.forget!();
  };
  released();
  fs.renameSync(join(inside, 'd'), join(inside, 'moved'));
  fs.symlinkSync(outside, join(inside, 'd'));
  for (const call of [
    () => dir.lookup('secret', request),
    () => dir.list(request),
    () => dir.create!('new', mode.O_RDWR, 0o644, request),
    () => dir.mkdir!('new', 0o755, request),
    () => dir.remove!('secret', false, request),
    () => dir.rename!('secret', root, 'got', 0, request),
    () => dir.setattr!({ mode: 0o777 }, request),
    () => dir.stat(request),
    () => file.stat(request),
    () => file.open(mode.O_RDWR | mode.O_TRUNC, request),
    () => file.setattr!({ size: 0 }, request),
    () => root.link!(file, 'linked', request),
  ]) {
    t.throws(call, { code: 'ESTALE' });
    released();
  }
  t.deepEqual(fs.readdirSync(outside), ['secret']);
  t.is(fs.readFileSync(join(outside, 'secret'), 'utf8'), 'OUTSIDE');
  // Found again under its new name the directory is the same node, and works.
  t.is(root.lookup('moved', request), dir);
  t.is((dir.lookup('secret', request) as Node).kind, 'file');
  fs.rmSync(join(inside, 'moved', 'secret'));
  fs.symlinkSync(join(outside, 'secret'), join(inside, 'moved', 'secret'));
  t.throws(() => file.open(mode.O_RDWR, request), { code: 'ESTALE' });
  t.is((dir.lookup('secret', request) as Node).kind, 'link');
});

/** Gives a directory and a link, a file and a link, each other's names, without end. */
const swapper = `
  const { renameSync, writeSync } = require('node:fs');
  process.chdir(process.argv[1]);
  writeSync(1, 'x');
  for (;;) {
    for (const name of ['d', 'f']) {
      renameSync(name, name + '.real'); renameSync(name + '.link', name);
      renameSync(name, name + '.link'); renameSync(name + '.real', name);
    }
  }
`;

test('a directory that is swapped for a link while it is used never leads out', async (t) => {
  const { root, inside, outside } = cage(t);
  fs.mkdirSync(join(inside, 'd'));
  fs.writeFileSync(join(inside, 'd', 'secret'), 'inside');
  fs.symlinkSync(outside, join(inside, 'd.link'));
  fs.writeFileSync(join(inside, 'f'), 'inside');
  fs.symlinkSync(join(outside, 'secret'), join(inside, 'f.link'));
  fs.mkdirSync(join(outside, 'victim'));
  fs.chmodSync(outside, 0o755);
  const child = spawn(process.execPath, ['-e', swapper, inside], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');

  const met = { real: 0, link: 0, refused: 0 };
  const dir = (): Dir | undefined => {
    const node = root.lookup('d', request) as Node | undefined;
    if (node?.kind === 'link') met.link++;
    return node?.kind === 'dir' ? node : undefined;
  };
  const read = async (file: File): Promise<void> => {
    const handle = await file.open(mode.O_RDWR, request);
    met.real++;
    // Empty: one that the create below has made while there was none.
    t.true(['inside', ''].includes(Buffer.from(await handle.read!(0, 100, request)).toString()));
    handle.close!();
  };
  const calls: (() => unknown)[] = [
    async () => {
      const file = dir()?.lookup('secret', request) as File | undefined;
      if (file) await read(file);
    },
    async () => {
      const file = root.lookup('f', request) as Node | undefined;
      if (file?.kind === 'file') await read(file);
    },
    () => dir()?.mkdir!('made', 0o755, request),
    () => dir()?.remove!('made', true, request),
    () => dir()?.remove!('victim', true, request),
    async () => (await dir()?.create!('new', mode.O_RDWR, 0o644, request))?.handle.close!(),
    () => dir()?.setattr!({ mode: 0o700 }, request),
    async () => {
      for (const { name } of (await dir()?.list(request)) ?? []) t.not(name, 'victim');
    },
    async () => (await root.create!('f', mode.O_RDWR | mode.O_CREAT, 0o644, request)).handle.close!(),
    () => (root.lookup('f', request) as Node | undefined)?.setattr!({ mode: 0o600 }, request),
    () => dir()?.rename!('new', root, 'got', 0, request),
    // Also without any descriptor kept from before.
    () => dir()?.forget!(),
  ];
  for (let n = 0; n < 30_000; n++) {
    try {
      await calls[n % calls.length]!();
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      t.not(error.code, 'EIO');
      met.refused++;
    }
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.deepEqual(fs.readdirSync(outside).sort(), ['secret', 'victim']);
  t.is(fs.readFileSync(join(outside, 'secret'), 'utf8'), 'OUTSIDE');
  t.is(fs.statSync(outside).mode & 0o777, 0o755);
  t.not(fs.statSync(join(outside, 'secret')).mode & 0o777, 0o600);
  t.true(met.real > 0 && met.link > 0 && met.refused > 0, JSON.stringify(met));
});

test('nodes of another directory are not linked or moved here', async (t) => {
  const { root, outside } = cage(t);
  const other = host(outside);
  t.teardown(() => other.close());
  t.throws(() => root.link!(other.lookup('secret', request) as Node, 'mine', request), { code: 'EXDEV' });
  t.throws(() => other.rename!('secret', root, 'mine', 0, request), { code: 'EXDEV' });
  t.is(root.lookup('mine', request), undefined);
  const { session } = await sessionOn(root);
  await session.attach(0, request);
  t.is(session.size, 1);
});
