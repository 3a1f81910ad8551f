import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { O_RDONLY } from '../../../src/kernel/mode.ts';
import { agent } from '../../../src/kernel/subject.ts';
import { ScriptedModel, forever } from '../../agent/support.ts';
import { tree } from '../../support/tree.ts';

test('read: the verbs with their arguments, then the last outcome', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.deepEqual(
    (await shell.lines('/agents/ada/ctl')).map((line) => line.split(/ {2,}/)[0]),
    [
      'tick [REASON...]',
      'wake',
      'hibernate',
      'cancel [JOB]',
      'pause',
      'resume',
      'checkpoint NAME',
      'restore NAME',
      'fork NAME [CHECKPOINT]',
      'archive',
    ],
  );
  await shell.write('/agents/ada/ctl', 'pause\n');
  t.is((await shell.lines('/agents/ada/ctl')).at(-1), 'ok: pause');
});

test('tick is accepted at once and runs with its reason; its record says who asked', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/ctl', 'tick because I said so\n');
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
  t.like(JSON.parse(await shell.cat('/agents/ada/logs/ticks/1.json')), {
    cause: 'manual',
    reason: 'because I said so',
    by: 'operator',
    outcome: 'nothing to do',
  });
});

test('tick while paused is EBUSY; resume of an idle one succeeds; pause of a paused one too', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/ctl', 'resume\n');
  await shell.write('/agents/ada/ctl', 'pause\npause\n');
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'tick\n'), { code: 'EBUSY' });
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, / ctl EBUSY tick: .*it is paused: resume it first$/);
  await shell.write('/agents/ada/ctl', 'resume\ntick\n');
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
});

test('pause while working takes effect after the tick', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await model.called();
  await shell.write('/agents/ada/ctl', 'pause\n');
  t.regex(await shell.cat('/agents/ada/status'), /^state working$/m);
  await model.answer('well\n');
  t.is(await shell.cat('/agents/ada/wait'), 'paused 0\n');
  t.is(await shell.cat('/agents/ada/outbox/last'), 'well\n');
});

for (const [command, reason] of [
  ['bogus', /no such command; there are tick, wake, hibernate, cancel, pause, resume/],
  ['pause now', /usage: pause/],
  ['resume now', /usage: resume/],
] as const) {
  test(`${command}: EINVAL, and error says why and quotes the line`, async (t) => {
    const { attach } = await tree(t);
    const shell = attach();
    await t.throwsAsync(shell.write('/agents/ada/ctl', `${command}\n`), { code: 'EINVAL' });
    const last = (await shell.lines('/agents/ada/error')).at(-1)!;
    t.true(last.includes(` ctl EINVAL ${command}: `), last);
    t.regex(last, reason);
    t.is(await shell.cat('/error'), '');
  });
}

test('a transition that is never legal is EINVAL; resume ends a failure', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  agents.get('ada')!.fail('it broke');
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'pause\n'), { code: 'EINVAL' });
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'tick\n'), { code: 'EBUSY' });
  await shell.write('/agents/ada/ctl', 'resume\n');
  t.is(await agents.get('ada')!.settled(forever()), 'idle');
});

test('checkpoint, restore and fork, with work/; the directory of the agent stays where one stands', async (t) => {
  const { attach, works } = await tree(t);
  const shell = attach();
  const note = '/agents/ada/memory/notes/a';
  await shell.write(note, 'one\n');
  await shell.write('/agents/ada/work/file', 'one\n');
  t.is(await shell.ask('/agents/ada/ctl', 'checkpoint x\n'), 'ok: checkpoint x: 1 in work/, 4 bytes\n');
  await shell.write(note, 'two\n');
  await shell.write('/agents/ada/work/file', 'two\n');
  const held = await shell.open('/agents/ada/status', O_RDONLY);
  const { ino } = await shell.stat('/agents/ada');
  t.regex(await shell.ask('/agents/ada/ctl', 'restore x\n'), /^ok: restored x; what was before is checkpoint before-/);
  t.is(await shell.cat(note), 'one\n');
  t.is(await shell.cat('/agents/ada/work/file'), 'one\n');
  t.is((await shell.stat('/agents/ada')).ino, ino);
  await t.throwsAsync(held.read(10), { code: 'ESTALE' });
  await shell.write('/agents/ada/ctl', 'fork eva x\n');
  t.is(await shell.cat('/agents/eva/memory/notes/a'), 'one\n');
  t.is(readFileSync(join(works, 'eva/file'), 'utf8'), 'one\n');
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'fork eva\n'), { code: 'EEXIST' });
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'restore nothing\n'), { code: 'ENOENT' });
});

test('archive, and back by the ctl of the root', async (t) => {
  const { attach, works } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/work/file', 'one\n');
  // The command is done; what it was written to is gone with it.
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'archive\n'), { code: 'ESTALE' });
  t.deepEqual(await shell.ls('/agents'), []);
  t.is(await shell.ask('/ctl', 'restore ada\n'), 'ok: restored agents/ada\n');
  t.is(await shell.cat('/agents/ada/work/file'), 'one\n');
  await t.throwsAsync(shell.write('/ctl', 'restore ada\n'), { code: 'EEXIST' });
  await t.throwsAsync(shell.write('/ctl', 'restore ada eva\n'), { code: 'ENOENT' });
  t.true(existsSync(join(works, 'ada/file')));
});

test('an agent may not checkpoint, restore, fork or archive itself', async (t) => {
  const { attach } = await tree(t);
  const shell = attach(agent('ada'));
  for (const verb of ['checkpoint x', 'restore x', 'fork eva', 'archive']) {
    await t.throwsAsync(shell.write('/ctl', `${verb}\n`), { code: 'EACCES' }, verb);
  }
});
