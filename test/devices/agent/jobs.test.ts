import test from 'ava';
import { O_RDONLY } from '../../../src/kernel/mode.ts';
import { agent, operator } from '../../../src/kernel/subject.ts';
import { ScriptedModel, forever } from '../../agent/support.ts';
import { drain } from '../../conformance/client.ts';
import { tree } from '../../support/tree.ts';

const at = '/agents/ada/jobs';

test('jobs/new gives a number, and everything of that job is there afterwards', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.is(await shell.ask(`${at}/new`, 'hello'), '1\n');
  t.regex(await shell.cat(`${at}/1/result`), /“hello”/);
  await shell.cat('/agents/ada/wait');
  t.deepEqual(await shell.ls(at), ['new', '1']);
  t.deepEqual(await shell.ls(`${at}/1`), [
    'request',
    'status',
    'status.json',
    'result',
    'cost',
    'ctl',
    'log',
    'turns',
    'feedback',
  ]);
  t.is(await shell.cat(`${at}/1/request`), 'hello');
  const status = JSON.parse(await shell.cat(`${at}/1/status.json`)) as Record<string, unknown>;
  t.like(status, { id: 1, status: 'done', origin: 'operator', attempts: 1, tick: 1, turns: 1, error: '' });
  t.deepEqual(
    (await shell.lines(`${at}/1/status`)).map((line) => line.split(' ')[0]!),
    Object.keys(status),
  );
  t.deepEqual(await shell.ls(`${at}/1/turns`), ['1']);
  t.deepEqual(await shell.ls(`${at}/1/turns/1`), ['request.json', 'response.json', 'tools']);
  t.deepEqual(
    (await shell.lines(`${at}/1/log`)).map((line) => (JSON.parse(line) as { type: string }).type),
    ['begun', 'turn', 'reply', 'done'],
  );
  t.regex(await shell.cat(`${at}/1/cost`), /^turns 1\ninput_tokens 1\noutput_tokens \d+\n$/);
});

test('every message is one job: of the inbox, of ask, of jobs/new', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/inbox/first', 'one');
  const said = await shell.ask('/agents/ada/ask', 'two');
  await shell.ask(`${at}/new`, 'three');
  await shell.cat('/agents/ada/wait');
  t.deepEqual(await shell.ls(at), ['new', '1', '2', '3']);
  t.is(await shell.cat(`${at}/2/result`), said);
  t.is((await shell.ls('/agents/ada/outbox')).filter((name) => name.startsWith('m')).length, 3);
});

test('a job that is made by name: its request is written once, then it is one like the others', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await shell.mkdir(`${at}/review`);
  t.deepEqual(await shell.ls(`${at}/review`), ['request', 'status', 'status.json']);
  t.is((await shell.stat(`${at}/review/request`)).mode & 0o777, 0o644);
  t.regex(await shell.cat(`${at}/review/status`), /^id\nname review\nstatus draft\n/);
  await t.throwsAsync(shell.mkdir(`${at}/review`), { code: 'EEXIST' });
  await t.throwsAsync(shell.mkdir(`${at}/12`), { code: 'EINVAL' });
  await shell.write(`${at}/review/request`, 'look at it');
  t.regex(await shell.cat(`${at}/review/result`), /look at it/);
  await agents.get('ada')!.settled(forever());
  t.is((await shell.stat(`${at}/review/request`)).mode & 0o777, 0o444);
  await t.throwsAsync(shell.write(`${at}/review/request`, 'and again'), { code: 'EACCES' });
  t.deepEqual(await shell.ls(at), ['new', 'review']);
  t.is(await shell.cat(`${at}/1/result`), await shell.cat(`${at}/review/result`));
  await t.throwsAsync(shell.rmdir(`${at}/review`), { code: 'EBUSY' });
  await shell.mkdir(`${at}/mistake`);
  await shell.rmdir(`${at}/mistake`);
  t.deepEqual(await shell.ls(at), ['new', 'review']);
});

test('turns can be read while they run, the stream goes to the end, and a result that is opened early waits', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  t.is(await shell.ask(`${at}/new`, 'hello'), '1\n');
  const result = await shell.open(`${at}/1/result`, O_RDONLY);
  const text = drain(result);
  await model.say('thin');
  t.deepEqual(await shell.ls(`${at}/1`), [
    'request',
    'status',
    'status.json',
    'cost',
    'ctl',
    'log',
    'turns',
    'feedback',
  ]);
  t.like(JSON.parse(await shell.cat(`${at}/1/turns/1/response.json`)), { partial: true, text: 'thin' });
  t.regex(await shell.cat(`${at}/1/status`), /\nstatus running\n/);
  t.regex(await shell.cat('/agents/ada/status'), /\njobs 1\n/);
  t.deepEqual(await shell.ls('/agents/ada/.live/jobs'), ['1']);
  const stream = await shell.open('/agents/ada/.live/jobs/1', O_RDONLY);
  await model.say('king');
  await model.answer('thinking');
  t.is(await text, 'thinking');
  const types = (await drain(stream))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; text?: string });
  t.deepEqual(
    types.map(({ type, text: piece }) => piece ?? type),
    ['begun', 'turn', 'thin', 'king', 'reply', 'done'],
  );
  await stream.close();
  await result.close();
});

test('an agent makes jobs and ends them, and writes nothing else of them', async (t) => {
  const { attach } = await tree(t);
  const own = attach(agent('ada'));
  t.is(await own.ask('/jobs/new', 'hello'), '1\n');
  await attach().cat('/agents/ada/wait');
  // Its own answer is in its outbox, and is no new message to it.
  t.deepEqual(await own.ls('/jobs'), ['new', '1']);
  await t.throwsAsync(own.write('/jobs/1/feedback', 'fine'), { code: 'EACCES' });
  await t.throwsAsync(own.mkdir('/jobs/mine'), { code: 'EACCES' });
  await t.throwsAsync(own.write('/jobs/1/ctl', 'cancel\n'), { code: 'EINVAL' });
});

test('feedback is a value', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.ask('/agents/ada/ask', 'hello');
  await shell.write(`${at}/1/feedback`, 'good\n');
  t.is(await attach(operator).cat(`${at}/1/feedback`), 'good\n');
});
