import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { commands } from '../../src/cli/commands.ts';
import { flags } from '../../src/cli/flags.ts';

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../..', name), 'utf8');

/** The cells of the table rows that begin with a command in code quotes. */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => /^\| `[a-z]/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

const capitals = (words: string): string => words.replace(/<([^>]*)>/g, '$1').toUpperCase();

test('the page of the command line is the table of commands', (t) => {
  const common = ['addr', 'aname'];
  const expected = commands.map(({ name, words, flags: names, sentence }) => [
    `\`${`${name} ${words}`.trim()}\``,
    names
      .filter((flag) => !common.includes(flag))
      .map((flag) => `\`${flags[flag].form.replace(/ [<[].*$/, '')}\``)
      .join(' '),
    sentence,
  ]);
  t.deepEqual(rows(page('docs/command-line.md').split('## Finding')[0]!), expected);
});

test('the README shows every command', (t) => {
  const expected = commands.map(({ name, words, sentence }) => [
    `\`weft ${`${name} ${capitals(words)}`.trim()}\``,
    sentence,
  ]);
  t.deepEqual(rows(page('README.md')), expected);
});

test('every command but up finds a server', (t) => {
  for (const { name, flags: names } of commands)
    t.is(names.includes('addr') && names.includes('aname'), name !== 'up', name);
});

test('every flag is used by a command', (t) => {
  const used = new Set(commands.flatMap(({ flags: names }) => names));
  t.deepEqual(
    Object.keys(flags).filter((name) => !used.has(name as keyof typeof flags)),
    [],
  );
});
