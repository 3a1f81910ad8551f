import test from 'ava';
import { O_NONBLOCK, O_RDONLY } from '../../../src/kernel/mode.ts';
import { ScriptedModel } from '../../agent/support.ts';
import { tree } from '../../support/tree.ts';

test('log, last, and one file a message with its headers', async (t) => {
  const model = new ScriptedModel();
  const { attach, clock } = await tree(t, { model });
  const shell = attach();
  t.deepEqual(await shell.ls('/agents/ada/outbox'), ['log', 'last']);
  t.is(await shell.cat('/agents/ada/outbox/last'), '');
  await shell.write('/agents/ada/inbox/question', 'Subject: tea\n\nTea?\n');
  clock.advance(5000);
  await model.answer('Yes.\n');
  await shell.cat('/agents/ada/wait');
  const [log, last, id, ...none] = await shell.ls('/agents/ada/outbox');
  t.deepEqual([log, last, none], ['log', 'last', []]);
  t.is(await shell.cat('/agents/ada/outbox/last'), 'Yes.\n');
  const [head, body] = (await shell.cat(`/agents/ada/outbox/${id!}`)).split('\n\n');
  t.is(body, 'Yes.\n');
  t.deepEqual(head!.split('\n').slice(0, 5), [
    'From: ada',
    'To: operator',
    'Date: 2030-01-01T00:00:05.000Z',
    `Id: ${id!}`,
    'Subject: Re: tea',
  ]);
  t.like(JSON.parse(await shell.cat('/agents/ada/outbox/log')), { id, to: 'operator', text: 'Yes.\n' });
  t.is((await shell.stat(`/agents/ada/outbox/${id!}`)).mtimeMs, clock.now());
});

test('nothing can be made, written, renamed or removed', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await t.throwsAsync(shell.write('/agents/ada/outbox/x', 'x'), { code: 'EPERM' });
  await t.throwsAsync(shell.write('/agents/ada/outbox/last', 'x'), { code: 'EACCES' });
  await t.throwsAsync(shell.write('/agents/ada/outbox/log', 'x'), { code: 'EACCES' });
  await t.throwsAsync(shell.mkdir('/agents/ada/outbox/x'), { code: 'EPERM' });
  await t.throwsAsync(shell.unlink('/agents/ada/outbox/last'), { code: 'EPERM' });
  await t.throwsAsync(shell.rename('/agents/ada/outbox/last', '/agents/ada/outbox/first'), { code: 'EPERM' });
});

test('live/outbox waits for the next record', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  const quick = await shell.open('/agents/ada/.live/outbox', O_RDONLY | O_NONBLOCK);
  await t.throwsAsync(quick.read(), { code: 'EAGAIN' });
  await quick.close();
  const file = await shell.open('/agents/ada/live/outbox', O_RDONLY);
  const next = file.read();
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await model.answer('hi\n');
  t.like(JSON.parse((await next).toString()), { text: 'hi\n' });
  await file.close();
});
