import test from 'ava';
import { agent } from '../../src/kernel/subject.ts';
import { tree } from '../support/tree.ts';

const line = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+) (E[A-Z0-9]+) (\S.*)$/;

test('a refusal is one line: time, path below the directory, code, reason', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.is(await shell.cat('/error'), '');
  await t.throwsAsync(shell.mkdir('/agents/Bob'), { code: 'EINVAL' });
  const [time, path, code, reason] = line.exec((await shell.lines('/error'))[0]!)!.slice(1);
  t.is(time, '2030-01-01T00:00:00.000Z');
  t.is(path, 'agents/Bob');
  t.is(code, 'EINVAL');
  t.regex(reason!, /'Bob' cannot name an agent/);
  const record = JSON.parse((await shell.lines('/log')).at(-1)!) as Record<string, unknown>;
  t.like(record, { type: 'error', path, code, reason });
});

test('the nearest error hears it: what fails in an agent is told there, whichever way the client came', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'bogus\n'), { code: 'EINVAL' });
  t.is(await shell.cat('/error'), '');
  const own = attach(agent('ada'));
  await t.throwsAsync(own.write('/memory/notes/bytes', Buffer.of(0xff)), { code: 'EINVAL' });
  const lines = await shell.lines('/agents/ada/error');
  t.deepEqual(
    lines.map((text) => line.exec(text)!.slice(2, 4)),
    [
      ['ctl', 'EINVAL'],
      ['memory/notes/bytes', 'EINVAL'],
    ],
  );
  t.deepEqual(await own.lines('/error'), lines);
});

test('a path is one word, whatever its name holds', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await t.throwsAsync(shell.mkdir('/agents/a b\n\\c\u00a0'), { code: 'EINVAL' });
  const [only, ...none] = await shell.lines('/error');
  t.deepEqual(none, []);
  t.is(line.exec(only!)![2], 'agents/a\\040b\\012\\134c\\302\\240');
});

test('the last 20 are kept, newest last', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  for (let index = 1; index <= 25; index++) {
    clock.advance(1000);
    await t.throwsAsync(shell.mkdir(`/agents/X${index}`), { code: 'EINVAL' });
  }
  const lines = await shell.lines('/error');
  t.deepEqual(
    lines.map((text) => line.exec(text)![2]),
    Array.from({ length: 20 }, (_, index) => `agents/X${index + 6}`),
  );
});
