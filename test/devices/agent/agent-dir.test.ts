import test from 'ava';
import { tree } from '../../support/tree.ts';

test('the directory is fixed: an unknown name is EPERM and error says so', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  for (const path of ['/x', '/agents/ada/x', '/agents/ada/memory/x', '/agents/ada/logs/x', '/agents/ada/.live/x']) {
    await t.throwsAsync(shell.write(path, 'x'), { code: 'EPERM' }, path);
    await t.throwsAsync(shell.mkdir(path), { code: 'EPERM' }, path);
    await t.throwsAsync(shell.symlink('help', path), { code: 'EPERM' }, path);
  }
  t.regex((await shell.lines('/agents/ada/error'))[0]!, / x EPERM this directory is fixed: no x here$/);
});

test('chmod, chown to the same owner and utimes succeed and do nothing', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  for (const path of [
    '/agents/ada',
    '/agents/ada/status',
    '/agents/ada/ctl',
    '/agents/ada/inbox',
    '/agents/ada/inbox/new',
  ]) {
    const before = await shell.stat(path);
    await shell.chmod(path, 0o777);
    await shell.chown(path, before.uid, before.gid);
    await shell.utimes(path, 1, 1);
    t.deepEqual(await shell.stat(path), before, path);
    await t.throwsAsync(shell.chown(path, before.uid + 1, before.gid), { code: 'EPERM' }, path);
  }
});

test('a note that changes by whatever way is announced for its inode', async (t) => {
  const { attach, agents, changes } = await tree(t);
  const shell = attach();
  await shell.mkdir('/agents/ada/memory/notes/deep');
  await shell.write('/agents/ada/memory/notes/deep/note', 'one\n');
  const { ino } = await shell.stat('/agents/ada/memory/notes/deep/note');
  const heard = new Set<number>();
  changes.subscribe({ attributes: (qid) => void heard.add(qid), entry: () => undefined });
  await agents.get('ada')!.notes.write('deep/note', Buffer.from('two, longer\n'));
  t.true(heard.has(ino));
  t.is((await shell.stat('/agents/ada/memory/notes/deep/note')).size, 12);
});

test('work/ is a directory of the host, and the same after a rename', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/work/file', 'one\n');
  t.is(await shell.cat('/agents/ada/work/file'), 'one\n');
  const before = (await shell.stat('/agents/ada/work')).ino;
  await shell.rename('/agents/ada', '/agents/eve');
  t.is((await shell.stat('/agents/eve/work')).ino, before);
  t.is(await shell.cat('/agents/eve/work/file'), 'one\n');
  await shell.write('/agents/eve/work/file', 'two\n');
  t.is(await shell.cat('/agents/eve/work/file'), 'two\n');
});

test('what fails in work/ stands in no error: it fails there as on any disk', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.mkdir('/agents/ada/work/d');
  await shell.write('/agents/ada/work/d/f', 'x');
  await t.throwsAsync(shell.rmdir('/agents/ada/work/d'), { code: 'ENOTEMPTY' });
  t.is(await shell.cat('/agents/ada/error'), '');
});
