import test from 'ava';
import { Values } from '../../src/files/values.ts';
import { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, names, put } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { MemoryValues } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async (slow: boolean) => {
  const world = newWorld();
  const source = new MemoryValues({ a: 'A\n', sub: undefined, 'sub/b': 'B\n' }, { slow });
  const notes = new Values(world, source);
  const client = await clientOn(shelf(world, { notes: ['dir', notes] }));
  return { world, source, notes, client };
};

for (const slow of [false, true]) {
  const how = slow ? 'slow' : 'quick';

  test(`${how}: values and directories of them, as deep as the source allows`, async (t) => {
    const { client } = await made(slow);
    t.deepEqual(
      (await client.list('/notes')).map(({ name, kind }) => `${name} ${kind}`),
      ['a file', 'sub directory'],
    );
    t.is(await cat(client, '/notes/sub/b'), 'B\n');
    await client.mkdir('/notes/sub/deep');
    await put(client, '/notes/sub/deep/c', 'C\n');
    t.is(await cat(client, '/notes/sub/deep/c'), 'C\n');
    await client.mkdir('/notes/sub/deep/4');
    await t.throwsAsync(client.mkdir('/notes/sub/deep/4/5'), { code: 'EINVAL' });
  });

  test(`${how}: a new name is there when its close is done, also when it is empty`, async (t) => {
    const { client, source } = await made(slow);
    const file = await client.open('/notes/new', O_RDWR | O_CREAT);
    await file.write('text');
    t.false((await names(client, '/notes')).includes('new'));
    await file.close();
    t.is(source.files.get('new'), 'text');
    await (await client.open('/notes/empty', O_WRONLY | O_CREAT)).close();
    t.is(source.files.get('empty'), '');
    await t.throwsAsync(client.open('/notes/new', O_WRONLY | O_CREAT | O_EXCL), { code: 'EEXIST' });
  });

  test(`${how}: a refused document makes no name`, async (t) => {
    const { client } = await made(slow);
    await t.throwsAsync(put(client, '/notes/new', 'bad'), { code: 'EINVAL' });
    await t.throwsAsync(client.stat('/notes/new'), { code: 'ENOENT' });
    t.deepEqual(await names(client, '/notes'), ['a', 'sub']);
  });

  test(`${how}: two appenders of a new name both survive`, async (t) => {
    const { client, source } = await made(slow);
    const first = await client.open('/notes/log', O_WRONLY | O_CREAT | O_APPEND);
    const second = await client.open('/notes/log', O_WRONLY | O_CREAT | O_APPEND);
    await first.write('1\n');
    await second.write('2\n');
    await second.close();
    await first.close();
    t.is(source.files.get('log'), '2\n1\n');
  });

  test(`${how}: appenders that close side by side all survive, in the order of the closes`, async (t) => {
    const { client, source } = await made(slow);
    for (const path of ['a', 'log']) {
      const open = () => client.open(`/notes/${path}`, O_WRONLY | O_CREAT | O_APPEND);
      const files = [await open(), await open(), await open(), await open()];
      for (const [index, file] of files.entries()) await file.write(`${index + 1}\n`);
      await Promise.all([3, 0, 2, 1].map((index) => files[index]!.close()));
      t.is(source.files.get(path), `${path === 'a' ? 'A\n' : ''}4\n1\n3\n2\n`);
    }
  });

  test(`${how}: a rename moves a value with its inode number and what is open on it`, async (t) => {
    const { client, source } = await made(slow);
    const before = await client.stat('/notes/a');
    const file = await client.open('/notes/a', O_WRONLY | O_TRUNC);
    await file.write('new\n');
    await client.rename('/notes/a', '/notes/z');
    await t.throwsAsync(client.stat('/notes/a'), { code: 'ENOENT' });
    t.is((await client.stat('/notes/z')).ino, before.ino);
    await file.close();
    t.deepEqual([source.files.get('a'), source.files.get('z')], [undefined, 'new\n']);
  });

  test(`${how}: a rename moves a directory with what is in it`, async (t) => {
    const { client, source } = await made(slow);
    const before = await client.stat('/notes/sub/b');
    await client.rename('/notes/sub', '/notes/other');
    t.is((await client.stat('/notes/other/b')).ino, before.ino);
    await put(client, '/notes/other/b', 'new\n');
    t.is(source.files.get('other/b'), 'new\n');
  });

  test(`${how}: what a rename may not replace`, async (t) => {
    const { client } = await made(slow);
    await t.throwsAsync(client.rename('/notes/a', '/notes/sub'), { code: 'EISDIR' });
    await t.throwsAsync(client.rename('/notes/sub', '/notes/a'), { code: 'ENOTDIR' });
    await t.throwsAsync(client.rename('/notes/a', '/notes/sub/a'), { code: 'EPERM' });
    await t.throwsAsync(client.rename('/notes/none', '/notes/x'), { code: 'ENOENT' });
    await client.rename('/notes/a', '/notes/a');
    t.is(await cat(client, '/notes/a'), 'A\n');
    await put(client, '/notes/x.tmp', 'X');
    await t.throwsAsync(client.rename('/notes/x.tmp', '/notes/sub'), { code: 'EISDIR' });
  });

  test(`${how}: rm and rmdir; what is open on a removed value does not bring it back`, async (t) => {
    const { client, source } = await made(slow);
    await t.throwsAsync(client.rmdir('/notes/sub'), { code: 'ENOTEMPTY' });
    await t.throwsAsync(client.unlink('/notes/sub'), { code: 'EISDIR' });
    await t.throwsAsync(client.rmdir('/notes/a'), { code: 'ENOTDIR' });
    await t.throwsAsync(client.unlink('/notes/none'), { code: 'ENOENT' });
    const file = await client.open('/notes/a', O_WRONLY | O_TRUNC);
    await file.write('back again\n');
    await client.unlink('/notes/a');
    await t.throwsAsync(file.close(), { code: 'ESTALE' });
    await client.unlink('/notes/sub/b');
    await client.rmdir('/notes/sub');
    t.deepEqual([...source.files], []);
  });
}

test('names are POSIX names, and those of the grammar; a directory is never scratch', async (t) => {
  const { client } = await made(false);
  await t.throwsAsync(client.stat(`/notes/${'x'.repeat(256)}`), { code: 'ENAMETOOLONG' });
  await t.throwsAsync(put(client, `/notes/${'ö'.repeat(128)}`, ''), { code: 'ENAMETOOLONG' });
  await t.throwsAsync(client.mkdir('/notes/x.tmp'), { code: 'EINVAL' });
  await t.throwsAsync(client.mkdir('/notes/ö'), { code: 'EINVAL' });
  await t.throwsAsync(client.mkdir('/notes/a'), { code: 'EEXIST' });
  await t.throwsAsync(client.stat('/notes/a/b'), { code: 'ENOTDIR' });
});

test('mtime of a value is its own; a change by another way is announced', async (t) => {
  const { client, world, source, notes } = await made(false);
  const before = await client.stat('/notes/a');
  t.is(before.mtimeMs, 1_600_000_000_000);
  const heard: string[] = [];
  world.changes.subscribe({
    attributes: (qid) => heard.push(`attributes ${qid}`),
    entry: (_, name) => heard.push(`entry ${name}`),
  });
  source.files.set('a', 'other\n');
  notes.changed('a');
  t.true(heard.includes(`attributes ${before.ino}`));
  t.true(heard.includes('entry a'));
  t.is((await client.stat('/notes/a')).mtimeMs, world.at);
});
