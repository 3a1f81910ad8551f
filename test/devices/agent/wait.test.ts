import test from 'ava';
import { O_NONBLOCK, O_RDONLY } from '../../../src/kernel/mode.ts';
import { ScriptedModel } from '../../agent/support.ts';
import { tree } from '../../support/tree.ts';

test('wait is a link to live/wait, and live one to .live, which stands in no listing', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.is(await shell.readlink('/agents/ada/wait'), 'live/wait');
  t.is(await shell.readlink('/agents/ada/live'), '.live');
  t.false((await shell.ls('/agents/ada')).includes('.live'));
  t.deepEqual(await shell.ls('/agents/ada/.live'), ['trace', 'outbox', 'wait', 'jobs']);
});

test('its first word says why it returned', async (t) => {
  const model = new ScriptedModel();
  const { attach, agents } = await tree(t, { model });
  const shell = attach();
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
  await shell.write('/agents/ada/ctl', 'pause\n');
  for (const name of ['a', 'b', 'c']) await shell.write(`/agents/ada/inbox/${name}`, 'hello\n');
  t.is(await shell.cat('/agents/ada/live/wait'), 'paused 3\n');
  agents.get('ada')!.fail('it broke');
  t.is(await shell.cat('/agents/ada/wait'), 'failed\n');
});

test('a message counts from the moment its close returned', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  let told = '';
  const waiting = shell.cat('/agents/ada/wait').then((text) => (told = text));
  await model.called();
  t.is(told, '');
  await model.answer('hi\n');
  t.is(await waiting, 'idle\n');
});

test('open returns at once; O_NONBLOCK is EAGAIN, an interrupt EINTR, the end of the agent ESTALE', async (t) => {
  const model = new ScriptedModel();
  const { attach, agents } = await tree(t, { model });
  const shell = attach();
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await model.called();
  const quick = await shell.open('/agents/ada/.live/wait', O_RDONLY | O_NONBLOCK);
  await t.throwsAsync(quick.read(), { code: 'EAGAIN' });
  await quick.close();
  const file = await shell.open('/agents/ada/.live/wait', O_RDONLY);
  const read = file.read();
  file.interrupt();
  await t.throwsAsync(read, { code: 'EINTR' });
  const again = file.read();
  await model.answer('hi\n');
  t.is((await again).toString(), 'idle\n');
  await file.close();

  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await model.called();
  const left = await shell.open('/agents/ada/.live/wait', O_RDONLY);
  const never = left.read();
  const ended = agents.get('ada')!.settled(new AbortController().signal);
  await model.answer('hi\n');
  await ended;
  t.is((await never).toString(), 'idle\n');
  await agents.archive('ada', { tier: 'operator' });
  await t.throwsAsync(left.read(), { code: 'ESTALE' });
});
