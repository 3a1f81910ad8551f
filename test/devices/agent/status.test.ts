import test from 'ava';
import { tree } from '../../support/tree.ts';

const keys = ['state', 'since', 'tick', 'last_tick', 'last_cause', 'queue', 'jobs', 'model', 'error'];

test('key value lines in the order of the document; what is not yet is a key alone', async (t) => {
  const { attach } = await tree(t);
  t.deepEqual(await attach().lines('/agents/ada/status'), [
    'state idle',
    'since 2030-01-01T00:00:00.000Z',
    'tick 0',
    'last_tick',
    'last_cause',
    'queue 0',
    'jobs 0',
    'model offline',
    'error',
  ]);
});

test('the twin for programs has the same keys in the same order', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  clock.advance(1000);
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await shell.cat('/agents/ada/wait');
  const record = JSON.parse(await shell.cat('/agents/ada/status.json')) as Record<string, unknown>;
  t.deepEqual(Object.keys(record), keys);
  t.like(record, {
    state: 'idle',
    tick: 1,
    last_tick: '2030-01-01T00:00:01.000Z',
    last_cause: 'message',
    queue: 0,
    model: 'offline',
    error: '',
  });
  t.deepEqual(
    (await shell.lines('/agents/ada/status')).map((line) => line.split(' ')[0]),
    keys,
  );
});

test('a failure of several lines stays one line', async (t) => {
  const { attach, agents } = await tree(t);
  agents.get('ada')!.fail('it broke\nin two places');
  t.regex(await attach().cat('/agents/ada/status'), /^state failed$[^]*^error it broke in two places$/m);
});

test('what a wait has told, the next status shows', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  const other = attach();
  await other.write('/agents/ada/ctl', 'pause\n');
  await other.write('/agents/ada/inbox/new', 'hello\n');
  t.regex(await shell.cat('/agents/ada/status'), /^tick 0$/m);
  await other.write('/agents/ada/ctl', 'resume\n');
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
  t.is(agents.get('ada')!.record.tick, 1);
  t.regex(await shell.cat('/agents/ada/status'), /^tick 1$/m);
});
