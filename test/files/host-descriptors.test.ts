import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { host } from '../../src/files/host.ts';
import { Descriptors, slot } from '../../src/files/host/descriptors.ts';
import * as mode from '../../src/kernel/mode.ts';
import type { Dir } from '../../src/kernel/node.ts';
import { Request } from '../../src/kernel/request.ts';
import { operator } from '../../src/kernel/subject.ts';
import { sessionOn } from '../support/nodes.ts';
import { temporary } from '../support/temporary.ts';

const request = new Request(operator);
const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;

test.serial('5,000 files held and open in turn stay within the bound, and leave nothing', async (t) => {
  const path = temporary(t);
  for (let d = 0; d < 50; d++) {
    fs.mkdirSync(join(path, `d${d}`));
    for (let f = 0; f < 100; f++) fs.writeFileSync(join(path, `d${d}`, `f${f}`), `${d} ${f}`);
  }
  const root = host(path, { descriptors: 64 });
  await (root.lookup('d0', request) as Dir).lookup('f0', request);
  const before = descriptors();
  const { session } = await sessionOn(root, { maxFids: Infinity });
  await session.attach(0, request);
  let fid = 0;
  for (let d = 0; d < 50; d++) {
    for (let f = 0; f < 100; f++) t.is((await session.walk(0, ++fid, [`d${d}`, `f${f}`], request)).length, 2);
  }
  t.true(descriptors() <= before + 64, `${descriptors()} after the walk`);
  for (let n = 1; n <= fid; n++) {
    await session.setattr(n, { mode: 0o600 }, request);
    await session.stat(n, request);
  }
  t.true(descriptors() <= before + 64, `${descriptors()} after setattr`);
  t.is(root.usage.nodes, 5050);
  for (let n = fid; n > 0; n -= 7) {
    const handle = fid + n;
    await session.walk(n, handle, [], request);
    await session.open(handle, mode.O_RDWR, request);
    const expected = `${Math.floor((n - 1) / 100)} ${(n - 1) % 100}`;
    t.is(Buffer.from(await session.read(handle, 0, 100, request)).toString(), expected);
    await session.clunk(handle);
  }
  t.true(descriptors() <= before + 64, `${descriptors()} after opening`);
  await session.close();
  t.is(session.size, 0);
  t.is(root.usage.nodes, 50, 'directories are known until they are collected');
  root.close();
  t.true(descriptors() < before);
});

test.serial('what was unlinked while it is held is kept, within a bound', async (t) => {
  const path = temporary(t);
  const root = host(path, { descriptors: 16 });
  const { session } = await sessionOn(root);
  await session.attach(0, request);
  const before = descriptors();
  for (let n = 1; n <= 100; n++) {
    fs.writeFileSync(join(path, `f${n}`), `${n}`);
    await session.walk(0, n, [`f${n}`], request);
  }
  for (let n = 1; n <= 100; n++) await session.unlink(0, `f${n}`, false, request);
  t.true(descriptors() <= before + 32);
  t.is((await session.stat(100, request)).nlink, 0);
  await session.open(99, mode.O_RDONLY, request);
  t.is(Buffer.from(await session.read(99, 0, 10, request)).toString(), '99');
  await t.throwsAsync(async () => session.stat(1, request), { code: 'ESTALE' });
  for (let n = 1; n <= 100; n++) await session.clunk(n);
  t.is(root.usage.descriptors, 1);
  root.close();
});

test.serial('what nobody holds is not kept when it is unlinked', async (t) => {
  const path = temporary(t);
  const root = host(path, { descriptors: 16 });
  const before = descriptors();
  for (let n = 0; n < 100; n++) {
    (await root.create!(`f${n}`, mode.O_WRONLY, 0o644, request)).handle.close!();
    await root.lookup(`f${n}`, request);
    await root.remove!(`f${n}`, false, request);
  }
  t.true(descriptors() <= before + 1);
  root.close();
});

test.serial('paths of any depth are found again', async (t) => {
  const root = host(temporary(t), { descriptors: 16 });
  let dir: Dir = root;
  for (let depth = 0; depth < 500; depth++) dir = await dir.mkdir!('a', 0o755, request);
  const { node, handle } = await dir.create!('deep', mode.O_RDWR, 0o644, request);
  handle.close!();
  for (let n = 0; n < 40; n++) await root.mkdir!(`other${n}`, 0o755, request);
  t.is((await node.stat(request)).size, 0);
  t.is((await dir.stat(request)).nlink, 2);
  root.close();
});

test.serial('the least recently used goes first; what is pinned stays', (t) => {
  const before = descriptors();
  const pool = new Descriptors(16);
  const slots = Array.from({ length: 20 }, slot);
  for (const [i, each] of slots.entries()) {
    pool.put(each, fs.openSync('/', 'r'));
    if (i === 0) pool.pin(each);
    pool.get(slots[1]!);
  }
  t.true(slots[0]!.fd >= 0);
  t.true(slots[1]!.fd >= 0);
  t.deepEqual(
    slots.slice(2, 5).map(({ fd }) => fd),
    [-1, -1, -1],
  );
  t.is(pool.size, 17);
  pool.shrink();
  t.is(pool.size, 9);
  for (const each of slots) pool.release(each);
  t.is(descriptors(), before);
});
