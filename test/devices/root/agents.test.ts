import test from 'ava';
import { O_RDONLY } from '../../../src/kernel/mode.ts';
import { ScriptedModel } from '../../agent/support.ts';
import { tree } from '../../support/tree.ts';

test('mkdir defines an agent that is idle, and a second is EEXIST', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await shell.mkdir('/agents/bob');
  t.deepEqual(await shell.ls('/agents'), ['ada', 'bob']);
  t.is(agents.get('bob')!.state, 'idle');
  await t.throwsAsync(shell.mkdir('/agents/bob'), { code: 'EEXIST' });
});

for (const name of ['Bob', '1bob', 'b_b', 'b.b', '-bob', 'bób', 'b'.repeat(33), 'bob@2030', '.bob', 'b~', 'x.tmp']) {
  test(`mkdir ${name} is EINVAL`, async (t) => {
    const { attach, agents } = await tree(t);
    await t.throwsAsync(attach().mkdir(`/agents/${name}`), { code: 'EINVAL' });
    t.is(agents.size, 1);
  });
}

test('the longest name and one of a single letter are names', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  for (const name of ['b', `b${'-9'.repeat(15)}z`]) await shell.mkdir(`/agents/${name}`);
  t.is((await shell.ls('/agents')).length, 3);
  await t.throwsAsync(shell.mkdir(`/agents/${'x'.repeat(256)}`), { code: 'ENAMETOOLONG' });
});

test('an agent is no file, no link and no other thing', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await t.throwsAsync(shell.write('/agents/bob', 'x'), { code: 'EPERM' });
  await t.throwsAsync(shell.symlink('ada', '/agents/bob'), { code: 'EPERM' });
  await t.throwsAsync(shell.link('/README', '/agents/bob'), { code: 'EPERM' });
  await t.throwsAsync(shell.unlink('/agents/ada'), { code: 'EISDIR' });
  await t.throwsAsync(shell.rmdir('/agents/nobody'), { code: 'ENOENT' });
});

test('rmdir archives at once whatever is in it; what was open there is ESTALE; the name is free', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/memory/notes/about', 'hello\n');
  const { ino } = await shell.stat('/agents/ada');
  const file = await shell.open('/agents/ada/memory/notes/about', O_RDONLY);
  await shell.rmdir('/agents/ada');
  await t.throwsAsync(file.read(), { code: 'ESTALE' });
  t.deepEqual(await shell.ls('/agents'), []);
  t.is(agents.archived.list().length, 1);
  await shell.mkdir('/agents/ada');
  t.not((await shell.stat('/agents/ada')).ino, ino);
  t.deepEqual(await shell.ls('/agents/ada/memory/notes'), []);
  await t.throwsAsync(file.read(), { code: 'ESTALE' });
});

test('rmdir while it works is EBUSY and never waits', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await model.called();
  await t.throwsAsync(shell.rmdir('/agents/ada'), { code: 'EBUSY' });
  await t.throwsAsync(shell.rename('/agents/ada', '/agents/bob'), { code: 'EBUSY' });
  t.regex((await shell.lines('/error'))[0]!, / agents\/ada EBUSY archive of 'ada': it works$/);
  await model.answer('hi\n');
  await shell.cat('/agents/ada/wait');
  await shell.rmdir('/agents/ada');
});

test('mv renames an idle one with all it has; open files go on', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/memory/notes/about', 'hello\n');
  await shell.mkdir('/agents/ada/work/sub');
  const { ino } = await shell.stat('/agents/ada');
  const file = await shell.open('/agents/ada/memory/notes/about', O_RDONLY);
  await shell.rename('/agents/ada', '/agents/eve');
  t.deepEqual(await shell.ls('/agents'), ['eve']);
  t.is((await shell.stat('/agents/eve')).ino, ino);
  t.is(await shell.cat('/agents/eve/memory/notes/about'), 'hello\n');
  t.is((await file.read()).toString(), 'hello\n');
  await file.close();
  await t.throwsAsync(shell.stat('/agents/ada'), { code: 'ENOENT' });
  await shell.write('/agents/eve/inbox/new', 'hello\n');
  t.is(await shell.cat('/agents/eve/wait'), 'idle\n');
});

test('mv onto another, to a bad name, out of the directory', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.mkdir('/agents/bob');
  await t.throwsAsync(shell.rename('/agents/ada', '/agents/bob'), { code: 'EEXIST' });
  await t.throwsAsync(shell.rename('/agents/ada', '/agents/Ada'), { code: 'EINVAL' });
  await t.throwsAsync(shell.rename('/agents/ada', '/ada'), { code: 'EPERM' });
  await t.throwsAsync(shell.rename('/agents/ada', '/agents/bob/ada'), { code: 'EPERM' });
  await t.throwsAsync(shell.rename('/agents/none', '/agents/some'), { code: 'ENOENT' });
  t.deepEqual(await shell.ls('/agents'), ['ada', 'bob']);
});

test('within rm -r the first fixed file is EPERM, and error says to use rmdir', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  const [first] = await shell.ls('/agents/ada');
  await t.throwsAsync(shell.unlink(`/agents/ada/${first!}`), { code: 'EPERM' });
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, / help EPERM .*rmdir/);
  await t.throwsAsync(shell.rmdir('/agents/ada/memory'), { code: 'EPERM' });
  await t.throwsAsync(shell.rmdir('/agents/ada/work'), { code: 'EPERM' });
  t.truthy(agents.get('ada'));
});

test('mtime and announcements follow who comes, goes and is renamed', async (t) => {
  const { attach, changes, clock } = await tree(t);
  const shell = attach();
  const { ino } = await shell.stat('/agents');
  const heard: string[] = [];
  changes.subscribe({
    attributes: () => undefined,
    entry: (directory, name) => {
      if (directory === ino) heard.push(name);
    },
  });
  clock.advance(1000);
  await shell.mkdir('/agents/bob');
  t.is((await shell.stat('/agents')).mtimeMs, clock.now());
  await shell.rename('/agents/bob', '/agents/eve');
  await shell.rmdir('/agents/eve');
  t.deepEqual(heard, ['bob', 'bob', 'eve', 'eve']);
});
