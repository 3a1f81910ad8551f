import test from 'ava';
import { agent } from '../../../src/kernel/subject.ts';
import { O_NONBLOCK, O_RDONLY } from '../../../src/kernel/mode.ts';
import { ScriptedModel } from '../../agent/support.ts';
import { tree } from '../../support/tree.ts';

test('log, last, and one file a message with its headers', async (t) => {
  const model = new ScriptedModel();
  const { attach, clock } = await tree(t, { model });
  const shell = attach();
  t.deepEqual(await shell.ls('/agents/ada/outbox'), ['new', 'log', 'last']);
  t.is(await shell.cat('/agents/ada/outbox/last'), '');
  await shell.write('/agents/ada/inbox/question', 'Subject: tea\n\nTea?\n');
  clock.advance(5000);
  await model.answer('Yes.\n');
  await shell.cat('/agents/ada/wait');
  const [, log, last, id, ...none] = await shell.ls('/agents/ada/outbox');
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

test('an agent writes to another one by its outbox, and so does the operator for it', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.mkdir('/agents/bob');
  const own = attach(agent('ada'));
  t.regex(await own.cat('/outbox/new'), /^To: /);
  const id = (await own.ask('/outbox/new', 'To: bob\n\nhello bob\n')).trim();
  t.is(await shell.cat('/agents/bob/wait'), 'idle\n');
  t.regex(await shell.cat('/agents/bob/outbox/last'), /“hello bob”/);
  t.regex(await own.cat(`/outbox/${id}`), /^From: ada\nTo: bob\n/);
  await shell.write('/agents/ada/outbox/new', 'To: bob\n\nhello again\n');
  await shell.cat('/agents/bob/wait');
  t.regex(await shell.cat('/agents/bob/outbox/last'), /“hello again”/);
  await shell.cat('/agents/ada/wait');
  t.regex(await shell.cat('/agents/ada/status'), /^tick 2$/m);
  await t.throwsAsync(own.write('/outbox/new', 'To: nobody\n\nhello\n'), { code: 'ENOENT' });
  await t.throwsAsync(own.write('/outbox/new', 'hello\n'), { code: 'EINVAL' });
  t.regex((await own.lines('/error')).at(-1)!, /outbox\/new EINVAL .*To: NAME/);
});
