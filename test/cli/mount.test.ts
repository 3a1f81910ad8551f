import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { fuse } from '../support/fuse.ts';
import { begin, built, weft, type Started } from '../support/program.ts';
import { temporary } from '../support/temporary.ts';

const run = promisify(execFile);

test.before(built);

const entry = async (directory: string): Promise<string | undefined> =>
  (await readFile('/proc/self/mounts', 'utf8')).split('\n').find((line) => line.split(' ')[1] === directory);

const serve = async (t: ExecutionContext, state: string): Promise<Started> => {
  const server = begin(t, ['up', '--no-mount', '--state', state, '--examples']);
  await server.says(/ready/);
  return server;
};

const place = async (
  t: ExecutionContext,
): Promise<{ state: string; address: string; dir: string; server: Started }> => {
  const base = temporary(t);
  const [state, dir] = [join(base, 'state'), join(base, 'mount')];
  mkdirSync(dir);
  return { state, dir, address: `unix:${state}/9p.sock`, server: await serve(t, state) };
};

fuse("another server's tree as a directory: read, write, refuse, unmount", async (t) => {
  const { address, dir } = await place(t);
  const mount = begin(t, ['mount', address, dir]);
  t.is(await mount.says(/\n/), `weft: mounted ${dir} ${address}\n`);
  t.regex((await entry(dir))!, new RegExp(`^${address} ${dir} fuse\\.weft `));
  t.true((await readdir(join(dir, 'agents'))).includes('ada'));
  await writeFile(join(dir, 'agents/ada/inbox/new'), 'over two protocols\n');
  t.regex(await readFile(join(dir, 'agents/ada/wait'), 'utf8'), /^idle/);
  t.regex(await readFile(join(dir, 'agents/ada/outbox/last'), 'utf8'), /over two protocols/);
  await t.throwsAsync(writeFile(join(dir, 'agents/ada/ctl'), 'juggle\n'), { code: 'EINVAL' });
  const second = await weft(t, ['mount', address, dir]);
  t.is(second.code, 1);
  t.regex(second.stderr, /^weft: .*\(EBUSY\)\n$/);
  t.like(await weft(t, ['umount', dir]), { code: 0, stdout: '', stderr: '' });
  t.is((await mount.ended).code, 0);
  t.is(await entry(dir), undefined);
});

fuse('a signal unmounts', async (t) => {
  const { address, dir } = await place(t);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const mount = begin(t, ['mount', address, dir]);
    await mount.says(/mounted/);
    mount.child.kill(signal);
    t.like(await mount.ended, { code: 0, stderr: '' });
    t.is(await entry(dir), undefined);
  }
});

fuse('it survives a restart of the server', async (t) => {
  const { state, address, dir, server } = await place(t);
  const mount = begin(t, ['mount', address, dir]);
  await mount.says(/mounted/);
  await writeFile(join(dir, 'agents/ada/memory/notes/kept'), 'yes\n');
  server.child.kill('SIGTERM');
  await server.ended;
  const reading = readFile(join(dir, 'agents/ada/memory/notes/kept'), 'utf8');
  await serve(t, state);
  t.is(await reading, 'yes\n');
  mount.child.kill('SIGTERM');
  t.is((await mount.ended).code, 0);
});

fuse('-o aname narrows, --detach returns when it is mounted', async (t) => {
  const { address, dir } = await place(t);
  const launched = await weft(t, ['mount', address, dir, '--detach', '-o', 'rw,aname=agent:ada,x-systemd.automount']);
  t.deepEqual(launched, { code: 0, signal: null, stdout: `weft: mounted ${dir} ${address}\n`, stderr: '' });
  t.true((await readdir(dir)).includes('inbox'));
  t.is((await weft(t, ['umount', dir])).code, 0);
  t.is(await entry(dir), undefined);
});

fuse('the helper of mount(8)', async (t) => {
  const { address, dir } = await place(t);
  const helper = join(import.meta.dirname, '../../bin/mount.fuse.weft');
  // As installed: a link from /sbin.
  const link = join(temporary(t), 'mount.fuse.weft');
  await symlink(helper, link);
  const { stdout, stderr } = await run(link, [address, dir, '-o', 'rw,nofail']);
  t.is(stdout + stderr, '');
  t.regex((await entry(dir))!, / fuse\.weft /);
  await run(link, [address, dir, '-f']);
  await t.throwsAsync(run(link, [address, dir, '-o', 'ro']), { code: 1 });
  await t.throwsAsync(run(link, [address]), { code: 1 });
  await t.throwsAsync(run(link, [address, dir]), { code: 32 }, 'something is mounted there');
  t.is((await weft(t, ['umount', dir])).code, 0);
  t.is(await entry(dir), undefined);
});

fuse('umount leaves alone what is busy and what is not ours', async (t) => {
  const { address, dir } = await place(t);
  const mount = begin(t, ['mount', address, dir]);
  await mount.says(/mounted/);
  const inside = spawn('cat', { cwd: dir });
  t.like(await weft(t, ['umount', dir]), { code: 1, stderr: `weft: ${dir}: Device or resource busy (EBUSY)\n` });
  inside.stdin.end();
  await once(inside, 'close');
  t.like(await weft(t, ['umount', '/proc']), {
    code: 1,
    stderr: 'weft: /proc: weft has mounted nothing there (EINVAL)\n',
  });
  t.like(await weft(t, ['umount', join(dir, 'nope', 'x')]), { code: 1 });
  t.like(await weft(t, ['umount', dir]), { code: 0, stderr: '' });
  t.is((await mount.ended).code, 0);
});

test('what cannot be mounted is told in one line', async (t) => {
  const base = temporary(t);
  const address = `unix:${base}/none`;
  t.like(await weft(t, ['mount', address, base]), {
    code: 1,
    stderr: `weft: ${address}: no server runs there (ECONNREFUSED)\n`,
  });
  const launched = await weft(t, ['mount', '--detach', address, base]);
  t.like(launched, { code: 1, stdout: '', stderr: `weft: ${address}: no server runs there (ECONNREFUSED)\n` });
  for (const args of [
    ['mount', 'gopher:x', base],
    ['mount', address, base, '-o', 'ro'],
    ['mount', address],
  ]) {
    const { code, stderr } = await weft(t, args);
    t.is(code, 2, args.join(' '));
    t.regex(stderr, /^weft: [^\n]+\n$/);
  }
  writeFileSync(join(base, 'file'), '');
  const { code } = await weft(t, ['umount', join(base, 'file')]);
  t.is(code, 1);
});
