import test from 'ava';
import { readYaml } from '../../../src/drivers/yaml/yaml.ts';

const many = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n');

const documents: Readonly<Record<string, string>> = {
  'aliases that multiply': many(12, (n) => (n === 0 ? 'a0: &a0 [x, x]' : `a${n}: &a${n} [${`*a${n - 1},`.repeat(8)}]`)),
  'many aliases': `- &a x\n${many(50_000, () => '- *a')}`,
  'many anchors': many(20_000, (n) => `- &a${n} x`),
  'an alias of itself': 'a: &a [*a]',
  'an alias of nothing': 'a: *b',
  'lists in lists': '- '.repeat(100_000),
  'lists in lists by lines': many(600, (n) => `${' '.repeat(n)}-`),
  'maps in maps by lines': many(600, (n) => `${' '.repeat(n)}a:`),
  'keys of keys': '? '.repeat(100_000),
  brackets: '['.repeat(200_000),
  'balanced brackets': '['.repeat(10_000) + ']'.repeat(10_000),
  braces: '{a: '.repeat(60_000),
  colons: ': '.repeat(100_000),
  commas: `[${','.repeat(200_000)}]`,
  quotes: '"'.repeat(200_000),
  'escapes that are none': `a: "${'\\y'.repeat(100_000)}"`,
  tags: '!!a '.repeat(60_000),
  directives: '%A b\n'.repeat(50_000),
  closing: ']\n'.repeat(100_000),
  documents: '---\n'.repeat(60_000),
  'keys without end': many(40_000, (n) => `k${n}:`),
  'a flow without end': `[${'a,'.repeat(120_000)}]`,
};

for (const [what, text] of Object.entries(documents)) {
  test(`${what}: EINVAL soon`, (t) => {
    const started = performance.now();
    const error = t.throws(() => readYaml(text), { code: 'EINVAL' });
    t.regex(error.message, /^line \d+/);
    t.true(error.message.length < 500);
    // Far above what it takes, on a machine that does other things too.
    t.true(performance.now() - started < 8_000);
  });
}

test('what is large and honest is read', (t) => {
  const text = {
    long: 'word '.repeat(40_000),
    lines: 'a line: of #text - [\n'.repeat(8_000),
    list: Array.from({ length: 2_000 }, (_, n) => `line ${n}`),
  };
  const { data, at } = readYaml(JSON.stringify(text, undefined, 1));
  t.deepEqual(data, text);
  t.is(at(['list', 1]), 'line 6, column 3');
  const block = `soul: |\n${'                                 very deep text - - - [[[ &a *b\n'.repeat(4_000)}`;
  t.is((readYaml(block).data as { soul: string }).soul.length, 4_000 * 31);
});

test('where things stand, through aliases too', (t) => {
  const { data, at } = readYaml('a: &a\n  b: [1, 2]\nc: *a\n"d e": 5\n');
  t.deepEqual(data, { a: { b: [1, 2] }, c: { b: [1, 2] }, 'd e': 5 });
  t.is(at(['a', 'b', 1]), 'line 2, column 10');
  t.is(at(['c', 'b', 1]), 'line 2, column 10');
  t.is(at(['d e']), 'line 4, column 8');
  t.is(at([], 'd e'), 'line 4, column 1');
  t.is(at(['a', 'zzz']), 'line 2, column 3');
});
