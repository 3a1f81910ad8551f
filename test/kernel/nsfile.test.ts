import test from 'ava';
import { Changes } from '../../src/kernel/changes.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { Namespace } from '../../src/kernel/namespace.ts';
import { apply, parse } from '../../src/kernel/nsfile.ts';
import { Request } from '../../src/kernel/request.ts';
import { operator } from '../../src/kernel/subject.ts';
import { MemoryDir } from '../support/nodes.ts';

const plain = (text: string, variables: Record<string, string> = {}): unknown[] =>
  parse(text, variables).map(({ verb, options, words, number }) => [number, verb, options, ...words]);

test('bind, mount and unmount, with flags, comments, empty lines and numbers', (t) => {
  t.deepEqual(
    plain('# the view\nbind #root /\n\n  mount -ac tcp!h!564 /n/h\nbind -b -c #x /x\nunmount #x /x\nunmount /n/h'),
    [
      [2, 'bind', {}, '#root', '/'],
      [4, 'mount', { order: 'after', create: true }, 'tcp!h!564', '/n/h'],
      [5, 'bind', { order: 'before', create: true }, '#x', '/x'],
      [6, 'unmount', {}, '#x', '/x'],
      [7, 'unmount', {}, '/n/h'],
    ],
  );
});

test('a comment begins only where a command would stand', (t) => {
  t.deepEqual(plain('bind #root / #not-a-comment'.slice(0, 12)), [[1, 'bind', {}, '#root', '/']]);
  t.throws(() => parse('bind #root / # words'), { code: 'EINVAL' });
});

test('quotes and variables', (t) => {
  t.deepEqual(plain("bind '#a b' /it''s\nbind #agents/$name '/$name'", { name: 'ada' }), [
    [1, 'bind', {}, '#a b', '/its'],
    [2, 'bind', {}, '#agents/ada', '/$name'],
  ]);
  t.throws(() => parse('bind $constructor /x'), { code: 'EINVAL' });
  t.deepEqual(plain("bind 'it''s' /x"), [[1, 'bind', {}, "it's", '/x']]);
});

for (const [text, reason] of [
  ['bind #root /\nfly /', /^line 2: .*fly/],
  ['\n\nbind #root', /^line 3: bind takes/],
  ['mount a b c', /^line 1: mount takes/],
  ['unmount', /^line 1: unmount takes/],
  ['bind -x #a /', /^line 1: .*-x/],
  ["bind 'a /", /^line 1: .*quote/],
  ['bind #a /$nobody', /^line 1: \$nobody/],
  ['unmount -b /a', /^line 1: /],
] as const) {
  test(`what cannot be read is EINVAL and names its line: ${JSON.stringify(text)}`, (t) => {
    const error = t.throws(() => parse(text), { code: 'EINVAL' });
    t.regex(error.message, reason);
  });
}

test('the commands run in order; the first that fails ends it and is named', async (t) => {
  const namespace = new Namespace((source) => {
    if (source === '#root') return new MemoryDir({ a: new MemoryDir() });
    throw new Errno('ENOENT', `no source ${source}`);
  }, new Changes());
  const request = new Request(operator);
  const error = await t.throwsAsync(
    apply(namespace, parse('bind #root /\n\nbind #root /a\nbind #none /a\nunmount /a\n'), request),
    { code: 'ENOENT' },
  );
  t.is(error.message, 'line 4: no source #none');
  t.is(namespace.toString(), 'bind #root /\nbind #root /a\n');
  await apply(namespace, parse('unmount /a'), request);
  t.is(namespace.toString(), 'bind #root /\n');
  await t.throwsAsync(apply(namespace, parse('unmount /a'), request), { code: 'EINVAL', message: /^line 1: / });
});
