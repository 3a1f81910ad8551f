import test from 'ava';
import { operator } from '../../src/kernel/subject.ts';
import { bytes, forever, text, world } from './support.ts';

test('a note is there when it was written, and after a restart', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.notes.write('colour', bytes('blue\n'));
  await ada.notes.write('colour', bytes('green\n'));
  t.is(text(ada.notes.read('colour')), 'green\n');
  t.is(ada.notes.info('colour')!.size, 6);
  const again = (await (await reopen()).load('ada'))!;
  t.is(text(again.notes.read('colour')), 'green\n');
  t.deepEqual(again.notes.info('colour'), ada.notes.info('colour'));
});

test('staged it is the old value, published the new one at once', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.notes.write('n', bytes('old'));
  const half = await ada.notes.stage('n', bytes('ne'));
  const stage = await ada.notes.stage('n', bytes('new'), half);
  t.is(text(ada.notes.read('n')), 'old');
  t.throws(() => ada.notes.publish(half), { code: 'EINVAL' });
  ada.notes.publish(stage);
  t.is(text(ada.notes.read('n')), 'new');
  ada.notes.publish(stage);
  t.is(text((await (await reopen()).load('ada'))!.notes.read('n')), 'new');
});

test('staged when the server died, it is published at the next start', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.notes.stage('n', bytes('new'));
  const again = (await (await reopen()).load('ada'))!;
  t.is(text(again.notes.read('n')), 'new');
  await again.notes.remove('n');
  t.is((await (await reopen()).load('ada'))!.notes.info('n'), undefined);
});

test('a stage that fails leaves the old value, also after a restart', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.notes.write('n', bytes('old'));
  const stage = await ada.notes.stage('n', bytes('half'));
  await t.throwsAsync(ada.notes.stage('n', new Uint8Array([0xff]), stage), { code: 'EINVAL' });
  t.throws(() => ada.notes.publish(stage), { code: 'EINVAL' });
  t.is(text((await (await reopen()).load('ada'))!.notes.read('n')), 'old');
});

test('names, sizes and directories are checked', async (t) => {
  const { ada } = await world(t);
  for (const path of ['', '.x', 'a b', 'x'.repeat(101)]) {
    await t.throwsAsync(ada.notes.write(path, bytes('')), { code: 'EINVAL' }, path);
  }
  await t.throwsAsync(ada.notes.write('big', Buffer.alloc(1024 * 1024 + 1, 'x')), { code: 'EFBIG' });
  await t.notThrowsAsync(ada.notes.write('big', Buffer.alloc(1024 * 1024, 'x')));
  await t.throwsAsync(ada.notes.write('no/note', bytes('')), { code: 'ENOENT' });
  await t.throwsAsync(ada.notes.write('big/note', bytes('')), { code: 'ENOTDIR' });
  await t.throwsAsync(ada.notes.remove('no'), { code: 'ENOENT' });
  t.throws(() => ada.notes.read('no'), { code: 'ENOENT' });
  t.throws(() => ada.notes.list('no'), { code: 'ENOENT' });
});

test('directories lie four deep and go when they are empty', async (t) => {
  const { ada, reopen } = await world(t);
  let path = '';
  for (const name of ['a', 'b', 'c', 'd']) await ada.notes.mkdir((path = path === '' ? name : `${path}/${name}`));
  await ada.notes.write('a/b/c/d/note', bytes('deep'));
  await t.throwsAsync(ada.notes.mkdir('a/b/c/d/e'), { code: 'EINVAL' });
  await t.throwsAsync(ada.notes.mkdir('a'), { code: 'EEXIST' });
  await t.throwsAsync(ada.notes.write('a', bytes('')), { code: 'EISDIR' });
  await t.throwsAsync(ada.notes.rmdir('a/b'), { code: 'ENOTEMPTY' });
  await t.throwsAsync(ada.notes.remove('a/b'), { code: 'EISDIR' });
  t.deepEqual(ada.notes.list('a/b/c/d'), ['note']);
  const again = (await (await reopen()).load('ada'))!;
  t.deepEqual(again.notes.paths(), ['a/b/c/d/note']);
  await again.notes.remove('a/b/c/d/note');
  await again.notes.rmdir('a/b/c/d');
  t.deepEqual(again.notes.list('a/b/c'), []);
  t.deepEqual((await (await reopen()).load('ada'))!.notes.list('a/b/c'), []);
});

test('rename moves notes and directories as rename(2) does', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.notes.mkdir('d');
  await ada.notes.mkdir('d/sub');
  await ada.notes.mkdir('empty');
  await ada.notes.write('d/sub/n', bytes('1'));
  await ada.notes.write('m', bytes('2'));
  await t.throwsAsync(ada.notes.rename('nothing', 'x'), { code: 'ENOENT' });
  await t.throwsAsync(ada.notes.rename('d', 'd/sub/d'), { code: 'EINVAL' });
  await t.throwsAsync(ada.notes.rename('m', 'd'), { code: 'EISDIR' });
  await t.throwsAsync(ada.notes.rename('d', 'm'), { code: 'ENOTDIR' });
  await t.throwsAsync(ada.notes.rename('empty', 'd'), { code: 'ENOTEMPTY' });
  await t.throwsAsync(ada.notes.rename('m', 'gone/m'), { code: 'ENOENT' });
  await ada.notes.rename('d', 'empty');
  await ada.notes.rename('m', 'empty/sub/n');
  const again = (await (await reopen()).load('ada'))!;
  t.deepEqual(again.notes.paths(), ['empty/sub/n']);
  t.is(text(again.notes.read('empty/sub/n')), '2');
  t.deepEqual(again.notes.list(), ['empty']);
  t.is(text(ada.notes.read('empty/sub/n')), '2');
});

test('a tick perceives notes by their path', async (t) => {
  const { ada } = await world(t);
  await ada.notes.mkdir('work');
  await ada.notes.write('work/plan', bytes('first this, then that'));
  const answer = await ada.ask(bytes('what now?'), operator, forever());
  t.true(answer.includes('memory/notes/work/plan'));
});
