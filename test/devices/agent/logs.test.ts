import test from 'ava';
import { O_NONBLOCK, O_RDONLY } from '../../../src/kernel/mode.ts';
import { ScriptedModel } from '../../agent/support.ts';
import { tree } from '../../support/tree.ts';

test('a log is history: it never blocks, its size is real and its end is an end', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await shell.cat('/agents/ada/wait');
  for (const path of ['/log', '/agents/ada/logs/trace', '/agents/ada/logs/trajectory', '/agents/ada/outbox/log']) {
    const text = await shell.cat(path);
    t.is((await shell.stat(path)).size, Buffer.byteLength(text), path);
    t.true(text.endsWith('}\n'), path);
    for (const line of text.trimEnd().split('\n')) t.notThrows(() => JSON.parse(line) as unknown, line);
  }
});

test('tail -f: an open file that was read to its end has more when there is more', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const file = await shell.open('/agents/ada/logs/trace', O_RDONLY);
  while ((await file.read()).length > 0);
  await shell.write('/agents/ada/ctl', 'tick\n');
  await shell.cat('/agents/ada/wait');
  t.regex((await file.read()).toString(), /"phase":"WAKE"/);
  await file.close();
});

test('the trajectory has a record a phase, chained by hashes, and each transition', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/ctl', 'tick\n');
  await shell.cat('/agents/ada/wait');
  await shell.write('/agents/ada/ctl', 'pause\n');
  const records = (await shell.lines('/agents/ada/logs/trajectory')).map(
    (line) => JSON.parse(line) as Record<string, string>,
  );
  t.deepEqual(
    records.map(({ type, phase, to }) => (type === 'phase' ? phase : type === 'transition' ? `to ${to!}` : type)),
    [
      'to idle',
      'requested',
      ...['WAKE', 'LOAD', 'PERCEIVE', 'THINK', 'ACT', 'REMEMBER', 'SCHEDULE', 'SLEEP'],
      'to paused',
    ],
  );
  for (const [index, { prev }] of records.slice(1).entries()) t.is(prev, records[index]!['hash']);
});

test('live/trace begins with the records of the tick that is running, else with the next', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  const idle = await shell.open('/agents/ada/live/trace', O_RDONLY | O_NONBLOCK);
  await t.throwsAsync(idle.read(), { code: 'EAGAIN' });
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await model.called();
  const late = await shell.open('/agents/ada/live/trace', O_RDONLY);
  t.regex((await late.read()).toString(), /^\{[^\n]*"phase":"WAKE"/);
  await model.answer('hi\n');
  await shell.cat('/agents/ada/wait');
  t.regex((await idle.read()).toString(), /"phase":"WAKE"/);
  await idle.close();
  await late.close();
});

test('live/events has what happens from now on, and the log has all of it', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const file = await shell.open('/live/events', O_RDONLY);
  const next = file.read();
  await shell.mkdir('/agents/bob');
  t.like(JSON.parse((await next).toString()), { type: 'agent.defined', agent: 'bob' });
  await file.close();
  const seqs = (await shell.lines('/log')).map((line) => (JSON.parse(line) as { seq: number }).seq);
  t.deepEqual(
    seqs,
    seqs.map((_, index) => index + 1),
  );
});
