import test from 'ava';
import { glob } from '../../../src/agent/memory/glob.ts';

const cases: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['notes/*', ['notes/a', 'notes/a.b'], ['notes', 'notes/a/b', 'episodes/a']],
  ['notes/**', ['notes/a', 'notes/a/b/c', 'notes'], ['note/a']],
  ['**', ['a', 'a/b/c'], []],
  ['**/b', ['b', 'a/b', 'a/a/b'], ['a/c', 'ab']],
  ['a/**/b/*', ['a/b/c', 'a/x/y/b/c'], ['a/b', 'a/x/b/c/d']],
  ['episodes/1?.md', ['episodes/12.md'], ['episodes/1.md', 'episodes/123.md']],
  ['*a*b', ['ab', 'xaxxb', 'aab'], ['ba', 'abc', 'a/b']],
  ['a.c', ['a.c'], ['abc']],
  ['[a-z]', ['[a-z]'], ['a']],
  ['(a|b)+', ['(a|b)+'], ['a']],
];

for (const [pattern, yes, no] of cases) {
  test(`${pattern}: what it matches and what not`, (t) => {
    const matches = glob(pattern);
    for (const path of yes) t.true(matches(path), path);
    for (const path of no) t.false(matches(path), path);
  });
}

test('a pattern that makes others think for ever is as quick as any', (t) => {
  const begun = performance.now();
  const names = glob(`${'*a'.repeat(450)}b`);
  const ways = glob(`${'**/a/'.repeat(190)}b`);
  t.false(names('a'.repeat(100)));
  t.false(ways(Array(100).fill('a').join('/')));
  t.true(performance.now() - begun < 2_000);
  for (const pattern of ['', 'x'.repeat(1_001)]) t.throws(() => glob(pattern), { code: 'EINVAL' });
});
