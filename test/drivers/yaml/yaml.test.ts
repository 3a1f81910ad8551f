import test from 'ava';
import { formatYaml, parseYaml } from '../../../src/drivers/yaml/yaml.ts';

test('what is written can be read again', (t) => {
  const value = {
    name: 'ada',
    soul: `two\nlines ${'long '.repeat(40)}`,
    tools: ['bash', 'http'],
    limits: { day: 5000000 },
  };
  t.deepEqual(parseYaml(formatYaml(value)), value);
  t.is(parseYaml(''), null);
});

test('mistakes are EINVAL, one line, and say where', (t) => {
  for (const text of ['a: [1', 'a: 1\na: 2', '\tb: 1']) {
    const error = t.throws(() => parseYaml(text), { code: 'EINVAL' });
    t.regex(error.message, /line \d+, column \d+$/);
  }
});

test('a document that grows without bound when read is refused', (t) => {
  const levels = Array.from({ length: 12 }, (_, n) =>
    n === 0 ? 'a0: &a0 [x, x, x, x]' : `a${n}: &a${n} [*a${n - 1}, *a${n - 1}, *a${n - 1}, *a${n - 1}]`,
  );
  t.throws(() => parseYaml(levels.join('\n')), { code: 'EINVAL' });
});
