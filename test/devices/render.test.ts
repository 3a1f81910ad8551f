import test from 'ava';
import { duration, json, lines } from '../../src/devices/render.ts';

test('key value lines: one line a key, whatever the value', (t) => {
  t.is(
    lines({ a: 'x', b: 3, c: true, d: undefined, e: ['x', 'y'], f: { g: 1, h: 'z' }, i: 'two\nlines' }),
    'a x\nb 3\nc true\nd\ne x, y\nf g 1, h z\ni two lines\n',
  );
  t.is(lines({}), '');
});

test('JSON ends with a newline', (t) => {
  t.is(json({ a: 1 }), '{\n  "a": 1\n}\n');
});

test('a duration carries its unit, at most two of them', (t) => {
  const given: readonly (readonly [number, string])[] = [
    [-5, '0s'],
    [0, '0s'],
    [42_999, '42s'],
    [190_000, '3m10s'],
    [3_600_000, '1h'],
    [18_125_000, '5h2m'],
    [187_205_000, '2d4h'],
    [86_405_000, '1d5s'],
  ];
  for (const [milliseconds, text] of given) t.is(duration(milliseconds), text);
});
