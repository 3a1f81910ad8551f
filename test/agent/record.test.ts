import test from 'ava';
import { line, RECORD } from '../../src/agent/record.ts';
import { cut, decode } from '../../src/agent/text.ts';

test('a short record is left alone', (t) => {
  t.is(line({ a: 1, b: 'x' }), '{"a":1,"b":"x"}');
});

test('a long text is cut at a character boundary, with a mark, and the rest stays', (t) => {
  for (const filler of ['x', 'é', '漢', '😀', '"', '\n', '\u0001']) {
    const made = line({ a: 1, nested: [{ text: filler.repeat(100_000) }], z: 'end' });
    t.true(Buffer.byteLength(made) < RECORD, filler);
    const record = JSON.parse(made) as { a: number; nested: [{ text: string }]; z: string };
    t.is(record.a, 1);
    t.is(record.z, 'end');
    const text = record.nested[0].text;
    t.regex(text, / \[cut: \d+ bytes\]$/);
    t.false(text.includes('\ufffd'));
    t.true(Buffer.byteLength(made) > RECORD / 2, `${filler} ${Buffer.byteLength(made)}`);
  }
});

test('several long texts are all cut', (t) => {
  const made = line({ a: 'x'.repeat(60_000), b: 'y'.repeat(60_000), c: 'z'.repeat(60_000) });
  t.true(Buffer.byteLength(made) < RECORD);
  const { a, b, c } = JSON.parse(made) as Record<string, string>;
  for (const text of [a!, b!, c!]) {
    t.true(text.length > 1_000);
    const mark = /^(.*) \[cut: (\d+) bytes\]$/.exec(text);
    if (mark) t.is(mark[1]!.length + Number(mark[2]), 60_000);
  }
});

test('a record of too many members says so', (t) => {
  const made = line({ seq: 7, many: Array.from({ length: 100_000 }, (_, index) => index) });
  t.deepEqual(JSON.parse(made), { seq: 7, cut: 'the record was too long' });
});

test('text that is cut stays text at every length', (t) => {
  const text = 'aé漢😀';
  for (let limit = 0; limit <= Buffer.byteLength(text); limit++) {
    const head = cut(text, limit);
    t.true(text.startsWith(head) && Buffer.byteLength(head) <= limit);
  }
  t.throws(() => decode(new Uint8Array([0x61, 0xff])), { code: 'EINVAL' });
  t.throws(() => decode(Buffer.from('é').subarray(0, 1)), { code: 'EINVAL' });
  t.is(decode(Buffer.from('\ufeffbom')), '\ufeffbom');
});
