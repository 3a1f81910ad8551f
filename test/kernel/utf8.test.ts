import test from 'ava';
import { decode, printable } from '../../src/kernel/utf8.ts';

test('bytes that are not UTF-8 are refused, a byte order mark is kept', (t) => {
  t.is(decode(Buffer.from('\ufeffgrün')), '\ufeffgrün');
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]])
    t.throws(() => decode(Uint8Array.from(bytes)), { code: 'EINVAL' });
});

test('what would steer a terminal is shown instead', (t) => {
  t.is(printable('grün \u{1f600} a\tb'), 'grün \u{1f600} a\\x09b');
  t.is(printable('\x1b[2J\x07\x9bx\r\n'), '\\x1b[2J\\x07\\x9bx\\x0d\\x0a');
  t.is(printable('abc\u202edcba\u2066'), 'abc\\u{202e}dcba\\u{2066}');
});
