import test from 'ava';
import { isScratch } from '../../src/files/scratch.ts';
import { Value } from '../../src/files/value.ts';
import { Values } from '../../src/files/values.ts';
import { O_CREAT, O_RDWR, O_WRONLY } from '../../src/kernel/mode.ts';
import { Session } from '../../src/kernel/session.ts';
import { cat, names, put } from '../conformance/client.ts';
import { SessionClient } from '../conformance/session-client.ts';
import { sessionOn } from '../support/nodes.ts';
import { shelf } from '../support/shelf.ts';
import { MemoryDocument, MemoryValues } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const made = async () => {
  const world = newWorld();
  const document = new MemoryDocument('old\n');
  const values = new MemoryValues({ note: 'a note\n' });
  const root = shelf(world, {
    wake: ['value', new Value(world, document)],
    notes: ['dir', new Values(world, values)],
    fixed: ['dir', shelf(world, { sub: ['dir', shelf(world, {})] })],
  });
  const { session, namespace, changes } = await sessionOn(root);
  const another = new SessionClient(new Session({ namespace, changes, subject: session.subject }));
  return { world, document, values, client: new SessionClient(session), another };
};

/** What each tool writes beside a file `x`, as seen with strace or in its source. */
const tools = {
  vim: ['.x.swp', '.x.swo', '.x.swx', '.x.swpx', '4913', 'x~'],
  sed: ['sedAbC123', 'sedZZZZZZ'],
  rsync: ['.x.AbCdEf', '.policy.json.x9Y8z7'],
  gio: ['.goutputstream-Q1W2E3'],
  emacs: ['.#x', '#x#', 'x~'],
  others: ['x.tmp', 'x.part', '.x.tmp'],
};

for (const [tool, given] of Object.entries(tools)) {
  test(`${tool}: its names are scratch in every directory that has values`, async (t) => {
    const { document, values, client } = await made();
    for (const name of given) {
      t.true(isScratch(name), name);
      for (const directory of ['/', '/notes/']) {
        await put(client, directory + name, 'text\n');
        t.is(await cat(client, directory + name), 'text\n');
        t.is((await client.stat(directory + name)).size, 5);
        await client.chmod(directory + name, 0o600);
        await client.utimes(directory + name, 1, 1);
        await client.unlink(directory + name);
        await t.throwsAsync(client.stat(directory + name), { code: 'ENOENT' });
      }
    }
    t.deepEqual([document.content, values.files.size], ['old\n', 1]);
  });
}

test('proper names are none', (t) => {
  for (const name of [
    'x',
    'wake',
    'a.json',
    'sed',
    'sedentary-notes',
    'notes.md',
    '2024-01-01',
    'tmp',
    'part',
    'ada',
  ]) {
    t.false(isScratch(name), name);
  }
});

test('vim: backup, new content, rename over; the value changes once, when the write is whole', async (t) => {
  const { document, client } = await made();
  await put(client, '/.wake.swp', 'b0VIM');
  await put(client, '/4913', '');
  await client.unlink('/4913');
  await client.rename('/wake', '/wake~');
  t.is(await cat(client, '/wake~'), 'old\n');
  t.is(await cat(client, '/wake'), 'old\n');
  await put(client, '/wake', 'new\n');
  await client.unlink('/wake~');
  await client.unlink('/.wake.swp');
  t.deepEqual([document.content, document.counts.published], ['new\n', 1]);
  t.deepEqual(await names(client, '/'), ['wake', 'notes', 'fixed']);
});

test('sed -i, rsync, gio: renaming scratch over a value is a validated write', async (t) => {
  const { document, values, client } = await made();
  await put(client, '/sedAbCdEf', 'new\n');
  await client.rename('/sedAbCdEf', '/wake');
  t.is(document.content, 'new\n');
  await t.throwsAsync(client.stat('/sedAbCdEf'), { code: 'ENOENT' });
  await put(client, '/.wake.AbCdEf', 'bad');
  await t.throwsAsync(client.rename('/.wake.AbCdEf', '/wake'), { code: 'EINVAL' });
  t.is(document.content, 'new\n');
  t.is(await cat(client, '/.wake.AbCdEf'), 'bad');
  await put(client, '/big.tmp', 'x'.repeat(1001));
  await t.throwsAsync(client.rename('/big.tmp', '/wake'), { code: 'EFBIG' });
  await put(client, '/notes/.note.AbCdEf', 'new note\n');
  await client.rename('/notes/.note.AbCdEf', '/notes/note');
  await put(client, '/notes/.goutputstream-ABC', 'another\n');
  await client.rename('/notes/.goutputstream-ABC', '/notes/another');
  t.deepEqual(Object.fromEntries(values.files), { note: 'new note\n', another: 'another\n' });
  await put(client, '/notes/big.tmp', 'x'.repeat(1001));
  await t.throwsAsync(client.rename('/notes/big.tmp', '/notes/big'), { code: 'EFBIG' });
});

test('a rename over a value keeps its inode number', async (t) => {
  const { client } = await made();
  const before = await client.stat('/notes/note');
  await put(client, '/notes/note.tmp', 'new');
  await client.rename('/notes/note.tmp', '/notes/note');
  const after = await client.stat('/notes/note');
  t.deepEqual([after.ino, after.size], [before.ino, 3]);
});

test('listed for the session that made it and for no other', async (t) => {
  const { client, another } = await made();
  await put(client, '/x.tmp', 'mine');
  await put(client, '/notes/x.tmp', 'mine');
  t.true((await names(client, '/')).includes('x.tmp'));
  t.false((await names(another, '/')).includes('x.tmp'));
  t.false((await names(another, '/notes')).includes('x.tmp'));
});

test('gone ten minutes after the last write', async (t) => {
  const { client, world } = await made();
  await put(client, '/x.tmp', 'a');
  world.at += 599_000;
  await put(client, '/x.tmp', 'b', '>>');
  world.at += 599_000;
  t.is((await client.stat('/x.tmp')).size, 2);
  world.at += 1000;
  await t.throwsAsync(client.stat('/x.tmp'), { code: 'ENOENT' });
  t.false((await names(client, '/')).includes('x.tmp'));
});

test('1 MiB and not a byte more; 256 files over all directories', async (t) => {
  const { client, world } = await made();
  const file = await client.open('/x.tmp', O_RDWR | O_CREAT);
  await file.write(Buffer.alloc(1024 * 1024));
  await t.throwsAsync(file.write('x'), { code: 'EFBIG' });
  await t.throwsAsync(file.truncate(1024 * 1024 + 1), { code: 'EFBIG' });
  await file.close();
  for (let n = 1; n < 256; n++) await put(client, `/${n % 2 ? 'notes/' : ''}${n}.tmp`, '');
  await t.throwsAsync(put(client, '/one-more.tmp', ''), { code: 'ENOSPC' });
  world.at += 600_000;
  await put(client, '/one-more.tmp', '');
});

test('truncate and O_TRUNC work on it, chown to another does not', async (t) => {
  const { client } = await made();
  await put(client, '/x.tmp', 'hello');
  await client.truncate('/x.tmp', 2);
  t.is(await cat(client, '/x.tmp'), 'he');
  await put(client, '/x.tmp', 'x');
  t.is(await cat(client, '/x.tmp'), 'x');
  await t.throwsAsync(client.chown('/x.tmp', 12345, 12345), { code: 'EPERM' });
});

test('in a directory of values any name outside its grammar is scratch', async (t) => {
  const { client, values } = await made();
  await put(client, '/notes/größe', 'x');
  await put(client, '/notes/a b', 'x');
  t.is(values.files.size, 1);
});

test('in a directory without values an unknown name is EPERM, scratch or not', async (t) => {
  const { client } = await made();
  for (const name of ['x', 'x.tmp', '.x.swp']) {
    await t.throwsAsync(client.open(`/fixed/${name}`, O_WRONLY | O_CREAT), { code: 'EPERM' });
  }
  await t.throwsAsync(client.open('/nonsense', O_WRONLY | O_CREAT), { code: 'EPERM' });
});
