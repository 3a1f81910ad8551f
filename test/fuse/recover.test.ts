import { mkdir, mkdtemp, readFile, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { linux } from '../../src/fuse/linux.ts';
import { mountAsUser, recover } from '../../src/fuse/mount.ts';
import { mountAt, parseMounts } from '../../src/fuse/mountinfo.ts';
import { Client, fuse, mounted } from '../support/fuse.ts';
import { MemoryDir, MemoryFile, sessionOn } from '../support/nodes.ts';

const server = join(import.meta.dirname, '../support/fuse-server.ts');

const directory = async (t: ExecutionContext): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'weft-fuse-'));
  t.teardown(async () => {
    await recover(dir);
    await rmdir(dir);
  });
  return dir;
};

const serve = async (t: ExecutionContext, dir: string): Promise<Client> => {
  const client = new Client(process.execPath, ['--import=tsx', server, dir], join(import.meta.dirname, '../..'));
  t.teardown(async () => {
    client.child.kill('SIGKILL');
    await client.done;
  });
  await client.says('mounted');
  return client;
};

const tree = () => new MemoryDir({ hello: new MemoryFile('hello\n') });

fuse('what a killed server left is taken away and mounted again', async (t) => {
  const dir = await directory(t);
  const client = await serve(t, dir);
  client.child.kill('SIGKILL');
  await client.done;
  t.is((await mountAt(dir))?.type, 'fuse.weft');
  const again = await serve(t, dir);
  t.is((await new Client('cat', [`${dir}/hello`]).done).out, 'hello\n');
  again.child.kill('SIGTERM');
  t.like(await again.done, { code: 0, out: 'mounted\nended\n', err: '' });
  t.is(await mountAt(dir), undefined);
});

fuse('a dead mount that is in use is taken away too', async (t) => {
  const dir = await directory(t);
  const client = await serve(t, dir);
  const user = new Client('/bin/sh', ['-c', `cd ${dir} && echo in && exec cat`]);
  await user.says('in');
  client.child.kill('SIGKILL');
  await client.done;
  await recover(dir);
  t.is(await mountAt(dir), undefined);
  user.child.stdin!.end();
  await user.done;
});

fuse('a running server, another file system and files are left alone', async (t) => {
  const { dir } = await mounted(t, tree());
  await t.throwsAsync(recover(dir), { code: 'EBUSY', message: /running/ });
  const { session, changes } = await sessionOn(tree());
  const options = { source: 'weft-test', session, changes, log: () => undefined };
  await t.throwsAsync(linux.mount({ ...options, dir }), { code: 'EBUSY' });
  await t.throwsAsync(recover('/proc'), { code: 'EBUSY', message: /proc/ });
  const full = await mkdtemp(join(tmpdir(), 'weft-full-'));
  await mkdir(join(full, 'x'));
  await t.throwsAsync(linux.mount({ ...options, dir: full }), { code: 'ENOTEMPTY' });
  await rmdir(join(full, 'x'));
  await rmdir(full);
  await t.throwsAsync(linux.mount({ ...options, dir: full }), { code: 'ENOENT' });
  await t.throwsAsync(linux.mount({ ...options, dir: join(full, 'below') }), { code: 'ENOENT' });
});

fuse('an unmount during traffic ends, for us and for the users', async (t) => {
  const { python, start, dir, mounted: mount, session, log } = await mounted(t, tree());
  const loop = `
print('on', flush=True)
while True: open('hello').read(); os.stat('hello'); os.listdir('.')
`;
  const users = [1, 2, 3].map(() => python(loop));
  const inside = start('/bin/sh', '-c', `cd ${dir} && echo in && exec sleep 1000`);
  await inside.says('in');
  await mount.unmount();
  t.is(session.size, 0);
  for (const user of users) t.is((await user).code, 1);
  t.is(await mountAt(dir), undefined);
  inside.child.kill('SIGKILL');
  await inside.done;
  t.deepEqual(log, []);
});

fuse('an unmount from outside ends the server', async (t) => {
  const dir = await directory(t);
  const client = await serve(t, dir);
  t.is((await new Client('umount', [dir]).done).code, 0);
  t.like(await client.done, { code: 0, out: 'mounted\nended\n', err: '' });
});

fuse('a descriptor that comes from fusermount3, or from whoever started us, is served', async (t) => {
  const dir = await directory(t);
  const fd = await mountAsUser({ dir, source: 'weft,test' });
  const { session, changes } = await sessionOn(tree(), { maxFids: Infinity });
  const log = (text: string): void => t.log(text);
  const mount = await linux.mount({ dir: `/dev/fd/${fd}`, source: '', session, changes, log });
  t.is((await new Client('cat', [`${dir}/hello`]).done).out, 'hello\n');
  t.is((await mountAt(dir))?.source, 'weft,test');
  t.is((await new Client('fusermount3', ['-u', dir]).done).code, 0);
  await mount.ended;
  t.is(session.size, 0);
});

test('the mount table', async (t) => {
  const [root, odd] = parseMounts(
    '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n' +
      '99 22 0:57 / /tmp/a\\040b\\134c rw,nosuid - fuse.weft we\\040ft rw,user_id=0\n' +
      'not a line\n',
  );
  t.deepEqual(root, { dir: '/', type: 'ext4', source: '/dev/sda1', connection: 1 });
  t.deepEqual(odd, { dir: '/tmp/a b\\c', type: 'fuse.weft', source: 'we ft', connection: 57 });
  if (process.platform === 'linux') t.true(parseMounts(await readFile('/proc/self/mountinfo', 'latin1')).length > 0);
});
