import test from 'ava';
import { O_APPEND, O_WRONLY } from '../../../src/kernel/mode.ts';
import { agent } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

const notes = '/agents/ada/memory/notes';

test('a note is a value: written whole, read back, dated, removed', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  clock.advance(1000);
  await shell.write(`${notes}/about`, 'I am Ada.\n');
  t.deepEqual(await shell.ls(notes), ['about']);
  t.is(await shell.cat(`${notes}/about`), 'I am Ada.\n');
  const stat = await shell.stat(`${notes}/about`);
  t.deepEqual([stat.mode, stat.size, stat.mtimeMs], [0o100644, 10, clock.now()]);
  clock.advance(1000);
  await shell.append(`${notes}/about`, 'I count.\n');
  t.is(await shell.cat(`${notes}/about`), 'I am Ada.\nI count.\n');
  const later = await shell.stat(`${notes}/about`);
  t.deepEqual([later.ino, later.size, later.mtimeMs], [stat.ino, 19, clock.now()]);
  await shell.unlink(`${notes}/about`);
  t.deepEqual(await shell.ls(notes), []);
});

test('what is there stands, dated as it was, after a restart of everything but the store', async (t) => {
  const { attach, agents } = await tree(t);
  await agents.get('ada')!.notes.write('deep', Buffer.from('x'));
  t.is((await attach().stat(`${notes}/deep`)).mtimeMs, Date.UTC(2030, 0, 1));
});

test('directories of notes, four deep', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  let path = notes;
  for (const name of ['a', 'b', 'c', 'd']) {
    path += `/${name}`;
    await shell.mkdir(path);
    await shell.write(`${path}/note`, `${name}\n`);
  }
  t.is(await shell.cat(`${notes}/a/b/c/d/note`), 'd\n');
  await t.throwsAsync(shell.mkdir(`${path}/e`), { code: 'EINVAL' });
  await t.throwsAsync(shell.rmdir(`${notes}/a/b`), { code: 'ENOTEMPTY' });
  await t.throwsAsync(shell.unlink(`${notes}/a`), { code: 'EISDIR' });
  await shell.unlink(`${path}/note`);
  await shell.rmdir(path);
  t.deepEqual(await shell.ls(`${notes}/a/b/c`), ['note']);
  t.deepEqual(await shell.ls(notes), ['a']);
});

test('mv within a directory keeps the inode; across directories it is EPERM; onto another it replaces', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write(`${notes}/one`, '1\n');
  await shell.write(`${notes}/two`, '2\n');
  const { ino } = await shell.stat(`${notes}/one`);
  await shell.rename(`${notes}/one`, `${notes}/two`);
  t.deepEqual(await shell.ls(notes), ['two']);
  t.is(await shell.cat(`${notes}/two`), '1\n');
  t.is((await shell.stat(`${notes}/two`)).ino, ino);
  await shell.mkdir(`${notes}/d`);
  await t.throwsAsync(shell.rename(`${notes}/two`, `${notes}/d/two`), { code: 'EPERM' });
  await shell.rename(`${notes}/d`, `${notes}/e`);
  t.deepEqual(await shell.ls(notes), ['e', 'two']);
});

test('what an editor writes beside a note has no effect until it becomes the note', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await shell.write(`${notes}/about`, 'one\n');
  for (const name of [
    '.about.swp',
    '4913',
    'sedAb12Cd',
    '.about.Ab12Cd',
    '.goutputstream-X',
    '.#about',
    '#about#',
    'about~',
    'a.tmp',
    'a.part',
    'a name',
  ])
    await shell.write(`${notes}/${name}`, `${name}\n`);
  t.deepEqual(agents.get('ada')!.notes.paths(), ['about']);
  t.deepEqual(await attach().ls(notes), ['about']);
  await shell.rename(`${notes}/about`, `${notes}/about~`);
  t.is(await shell.cat(`${notes}/about~`), 'one\n');
  await shell.rename(`${notes}/.about.Ab12Cd`, `${notes}/about`);
  t.is(await shell.cat(`${notes}/about`), '.about.Ab12Cd\n');
  await shell.rename(`${notes}/sedAb12Cd`, `${notes}/made`);
  t.deepEqual(agents.get('ada')!.notes.paths(), ['about', 'made']);
});

test('scratch is gone after ten minutes', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  await shell.write(`${notes}/a~`, 'x');
  clock.advance(10 * 60_000);
  await t.throwsAsync(shell.stat(`${notes}/a~`), { code: 'ENOENT' });
});

test('1 MiB of text, not more, and not other bytes', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write(`${notes}/full`, 'x'.repeat(1024 * 1024));
  await t.throwsAsync(shell.append(`${notes}/full`, 'x'), { code: 'EFBIG' });
  await t.throwsAsync(shell.write(`${notes}/bytes`, Buffer.of(0xff)), { code: 'EINVAL' });
  t.deepEqual(await shell.ls(notes), ['full']);
  t.is((await shell.stat(`${notes}/full`)).size, 1024 * 1024);
});

test('the agent writes its own notes; a second writer sees them', async (t) => {
  const { attach } = await tree(t);
  const own = attach(agent('ada'));
  const shell = attach();
  await own.write('/memory/notes/mine', 'one\n');
  t.is(await shell.cat(`${notes}/mine`), 'one\n');
  const file = await own.open('/memory/notes/mine', O_WRONLY | O_APPEND);
  await file.write('two\n');
  await shell.append(`${notes}/mine`, 'three\n');
  await file.close();
  t.is(await own.cat('/memory/notes/mine'), 'one\nthree\ntwo\n');
  await own.mkdir('/memory/notes/d');
  await own.rmdir('/memory/notes/d');
  await own.unlink('/memory/notes/mine');
});

test('every change is announced for the directory and the name', async (t) => {
  const { attach, changes } = await tree(t);
  const shell = attach();
  const { ino } = await shell.stat(notes);
  const heard: string[] = [];
  changes.subscribe({
    attributes: () => undefined,
    entry: (at, name) => {
      if (at === ino) heard.push(name);
    },
  });
  await shell.write(`${notes}/a`, 'x');
  t.true(heard.includes('a'));
  heard.length = 0;
  await shell.rename(`${notes}/a`, `${notes}/b`);
  t.true(heard.includes('a') && heard.includes('b'));
  heard.length = 0;
  await shell.unlink(`${notes}/b`);
  t.true(heard.includes('b'));
});
