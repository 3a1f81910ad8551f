import test from 'ava';
import { O_RDONLY } from '../../../src/kernel/mode.ts';
import { agent } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

const at = '/agents/ada/checkpoints';

test('a checkpoint is read as the agent is: manifest, memory, goals, schedule, work', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.mkdir('/agents/ada/memory/notes/deep');
  await shell.write('/agents/ada/memory/notes/deep/a', 'one\n');
  await shell.write('/agents/ada/schedule/daily', '0 9 * * * hello\n');
  await shell.mkdir('/agents/ada/work/sub');
  await shell.write('/agents/ada/work/sub/file', 'one\n');
  const manifest = await shell.cat('/agents/ada/manifest');
  await shell.write('/agents/ada/ctl', 'checkpoint x\n');
  await shell.write('/agents/ada/memory/notes/deep/a', 'two\n');
  await shell.write('/agents/ada/work/sub/file', 'two\n');
  await shell.unlink('/agents/ada/schedule/daily');
  t.deepEqual(await shell.ls(at), ['x']);
  t.deepEqual(await shell.ls(`${at}/x`), ['diff', 'manifest', 'goals', 'memory', 'schedule', 'work']);
  t.is(await shell.cat(`${at}/x/manifest`), manifest);
  t.is(await shell.cat(`${at}/x/memory/notes/deep/a`), 'one\n');
  t.is(await shell.cat(`${at}/x/schedule/daily`), '0 9 * * * hello\n');
  t.is(await shell.cat(`${at}/x/work/sub/file`), 'one\n');
  t.is(await shell.cat('/agents/ada/memory/notes/deep/a'), 'two\n');
});

test('nothing of it can be changed, by nobody; rmdir deletes it', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/memory/notes/a', 'one\n');
  await shell.write('/agents/ada/work/file', 'one\n');
  await shell.write('/agents/ada/ctl', 'checkpoint x\n');
  for (const path of ['memory/notes/a', 'work/file', 'manifest']) {
    await t.throwsAsync(shell.write(`${at}/x/${path}`, 'two\n'), { code: 'EACCES' }, path);
  }
  for (const path of ['memory/notes/new', 'work/new', 'new']) {
    await t.throwsAsync(shell.write(`${at}/x/${path}`, 'two\n'), undefined, path);
    await t.throwsAsync(shell.mkdir(`${at}/x/${path}`), undefined, path);
  }
  await t.throwsAsync(shell.unlink(`${at}/x/work/file`));
  await t.throwsAsync(shell.unlink(`${at}/x/memory/notes/a`));
  await t.throwsAsync(shell.mkdir(`${at}/y`));
  const held = await shell.open(`${at}/x/work/file`, O_RDONLY);
  const own = attach(agent('ada'));
  t.is(await own.cat('/checkpoints/x/memory/notes/a'), 'one\n');
  await t.throwsAsync(own.rmdir('/checkpoints/x'), { code: 'EACCES' });
  await shell.rmdir(`${at}/x`);
  t.deepEqual(await shell.ls(at), []);
  await t.throwsAsync(held.read(10), { code: 'ESTALE' });
  await t.throwsAsync(shell.cat(`${at}/x/manifest`), { code: 'ENOENT' });
});

test('what is there after a restore; and what a fork of it has', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/memory/notes/a', 'one\n');
  await shell.write('/agents/ada/ctl', 'checkpoint x\n');
  await shell.write('/agents/ada/memory/notes/a', 'two\n');
  await shell.write('/agents/ada/ctl', 'restore x\nfork eva x\n');
  const [, saved] = await shell.ls(at);
  t.is(await shell.cat(`${at}/${saved!}/memory/notes/a`), 'two\n');
  t.is((await shell.lines(`${at}/x/diff`)).length, 1);
  t.deepEqual(await shell.ls('/agents/eva/checkpoints'), []);
});
