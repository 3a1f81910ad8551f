import test from 'ava';
import type { Command } from '../../src/cli/command.ts';
import { UsageError } from '../../src/cli/command.ts';
import { parse } from '../../src/cli/parse.ts';

const row = (name: string, words: string, flags: Command['flags']): Command => ({
  name,
  words,
  flags,
  sentence: name,
  load: () => import('../../src/cli/version.ts'),
});

const table: readonly Command[] = [
  row('write', '<path> [text...]', ['addr', 'aname', 'append']),
  row('up', '', ['mount', 'noMount', 'listen', 'insecureTcp', 'detach']),
];

const given = (line: string): { words: readonly string[]; flags: object } => {
  const { words, flags } = parse(line.split(' '), table, '0')!;
  return { words, flags };
};

test('flags stand before the command, between its words or after them', (t) => {
  const expected = { words: ['p', 'one', 'two'], flags: { addr: 'unix:/x', append: true } };
  for (const line of [
    'write -a --addr unix:/x p one two',
    '--addr unix:/x -a write p one two',
    '--addr=unix:/x write p one -a two',
    'write p one two --append --addr unix:/x',
    '-a write p --addr=unix:/x one two',
  ])
    t.deepEqual(given(line), expected, line);
});

test('after -- everything is a word', (t) => {
  t.deepEqual(given('write p -- -a --addr'), { words: ['p', '-a', '--addr'], flags: {} });
});

test('a repeated flag collects, --no-mount is false, a tier may be left out', (t) => {
  t.deepEqual(given('up --listen a --listen=b').flags, { listen: ['a', 'b'] });
  t.deepEqual(given('--no-mount up').flags, { mount: false });
  t.deepEqual(given('up --mount /m').flags, { mount: '/m' });
  t.deepEqual(given('--insecure-tcp up --detach').flags, { insecureTcp: true, detach: true });
  t.deepEqual(given('up --insecure-tcp=operator').flags, { insecureTcp: 'operator' });
  t.deepEqual(given('up --insecure-tcp operator').flags, { insecureTcp: 'operator' });
});

test('what makes no sense is a usage error of one line', (t) => {
  for (const line of [
    'nothing',
    'write',
    'up extra',
    'up --append',
    '--bogus up',
    'write p --addr',
    '--addr',
    '',
    '--',
  ])
    t.notRegex(
      t.throws(() => parse(line.split(' ').filter(Boolean), table, '0'), { instanceOf: UsageError }, line).message,
      /\n/,
    );
});
