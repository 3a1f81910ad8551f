import test from 'ava';
import { ScriptedModel, forever } from '../../agent/support.ts';
import { tree } from '../../support/tree.ts';

test('read: the verbs with their arguments, then the last outcome', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.deepEqual(
    (await shell.lines('/agents/ada/ctl')).map((line) => line.split(/ {2,}/)[0]),
    ['tick [REASON...]', 'wake', 'hibernate', 'pause', 'resume', 'checkpoint NAME'],
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
  ['bogus', /no such command; there are tick, wake, hibernate, pause, resume/],
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
