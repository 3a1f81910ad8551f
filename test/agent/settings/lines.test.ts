import test from 'ava';
import { formatDuration, parseDuration } from '../../../src/agent/duration.ts';
import { formatMoney, parseMoney } from '../../../src/agent/money.ts';
import { viewOf, type ViewName } from '../../../src/agent/settings/views.ts';

const refused: readonly (readonly [ViewName, string, RegExp])[] = [
  ['wake', 'sometimes', /^line 1: 'sometimes' is not auto or manual$/],
  ['wake', '\n# which?\nauto\nmanual\n', /^line 4: one line is enough: it stands on line 3 already$/],
  ['wake', 'AUTO', /^line 1/],
  ['wake', 'manual\0', /^line 1: .*U\+0000/],
  ['idle', '600', /^line 1: '600' is not a duration with its unit/],
  ['idle', '0s', /at least 1s/],
  ['idle', '-5m', /^line 1/],
  ['idle', '1m 30s', /^line 1/],
  ['idle', '1e9d', /^line 1/],
  ['idle', '99999d', /^line 1/],
  ['loop', 'max_turns 16\nturns 3\n', /^line 2: no key 'turns': there is max_turns, batch$/],
  ['loop', 'batch 0', /^line 1: 'batch' wants a whole number from 1 to 1000, not '0'$/],
  ['loop', 'batch', /^line 1: 'batch' wants/],
  ['loop', 'batch 1\r\nbatch 1\r\n', /^line 2: 'batch' stands on line 1 already$/],
  ['limits', '__proto__ 5', /^line 1: no key '__proto__'/],
  ['limits', 'constructor 5', /^line 1: no key 'constructor'/],
  ['limits', 'inbox 1e99', /^line 1/],
  ['limits', 'inbox -1', /^line 1/],
  ['limits', 'inbox +1', /^line 1/],
  ['limits', 'inbox 0x10', /^line 1/],
  ['limits', 'inbox 010', /^line 1/],
  ['limits', 'inbox ١٠', /^line 1/],
  ['limits', 'inbox 10 20', /^line 1: .*not '10 20'$/],
  ['limits', 'inb\u200box 10', /^line 1: a character that cannot be seen, U\+200B$/],
  ['limits', 'jobs_age 30', /^line 1: 'jobs_age' wants a duration with its unit/],
  ['limits', 'overflow explode', /reject, drop-oldest or deadletter, not 'explode'$/],
  ['network', 'off\nopen', /^line 2: 'open' and 'off' exclude each other$/],
  ['network', 'off\nallow a:1', /^line 2: 'off' and 'allow' exclude each other$/],
  ['network', 'allow a:1\noff', /^line 2/],
  ['network', 'allow a', /^line 1: 'allow' wants HOST:PORT, not 'a'$/],
  ['network', 'allow a:0', /^line 1/],
  ['network', 'allow a:65536', /^line 1/],
  ['network', 'allow http://a:80', /^line 1/],
  ['network', 'allow a_b:80', /^line 1/],
  ['network', 'allow [::g]:80', /^line 1/],
  ['network', 'allow ::1:80', /^line 1/],
  ['network', 'allow раypal.com:443', /^line 1/],
  ['network', 'allow a:1\nallow A:1', /^line 2: 'allow a:1' stands on line 1 already$/],
  ['network', 'policy open', /^line 1: 'policy' is not off, open or allow HOST:PORT$/],
  ['sandbox', 'require\noff', /^line 2/],
  ['sandbox', 'memory 512', /^line 1: 'memory' wants a size with its unit/],
  ['sandbox', 'cpu 1', /^line 1: no key 'cpu': there is require, off, time, memory, output$/],
  ['permissions', 'permit bash *', /^line 1: 'permit' is not allow, ask or deny$/],
  ['permissions', 'allow bash', /^line 1: usage: allow ACT GLOB$/],
  ['permissions', '\n\nallow BASH *', /^line 3: 'BASH' names no act/],
  ['permissions', 'deny bash r\u202em', /^line 1: .*U\+202E/],
  ['permissions', `allow bash ${'x'.repeat(2000)}`, /^line 1/],
  ['permissions', 'allow bash *\n'.repeat(1001), /^line 1001: more than 1000 lines$/],
  ['autonomy', 'wild', /^line 1: 'wild' is not supervised, semi, full or readonly$/],
  ['redact', 'on\noff', /^line 2/],
  ['redact', 'pattern (', /^line 1: Invalid regular expression/],
  ['redact', 'sk-.*', /^line 1: .* is not on, off or pattern REGEX$/],
  ['tools', 'rm -rf', /^line 1: 'rm -rf' names no tool/],
  ['tools', 'bash\nbash', /^line 2: 'bash' stands on line 1 already$/],
  ['budget', 'tick 5 EUR', /^line 1: 'tick' wants an amount as 0.50 USD/],
  ['budget', 'tick -1 USD', /^line 1/],
  ['budget', 'tick 1e9 USD', /^line 1/],
  ['budget', 'tick 0.0000001 USD', /^line 1/],
  ['budget', 'week 5 USD', /^line 1: no key 'week': there is call, tick, day, goal, ask$/],
  ['budget', 'day 5 USD\nday 6 USD', /^line 2/],
  ['budget', 'day 9999999999999999', /^line 1/],
];

for (const [name, text, reason] of refused) {
  test(`${name}: ${JSON.stringify(text.slice(0, 40))} is EINVAL and says where`, (t) => {
    const error = t.throws(() => viewOf(name).parse(text), { code: 'EINVAL' });
    t.regex(error.message, reason);
  });
}

test('a long line costs its length', (t) => {
  const started = performance.now();
  for (const line of [' '.repeat(100_000), 'a '.repeat(50_000), `${' #'.repeat(50_000)} x`, '#'.repeat(100_000)]) {
    for (const name of ['limits', 'permissions', 'redact', 'network', 'budget'] as const) {
      try {
        viewOf(name).parse(`${line}x`);
      } catch (error) {
        t.is((error as { code?: string }).code, 'EINVAL');
      }
    }
  }
  t.true(performance.now() - started < 5_000);
});

test('durations: what is formatted parses to the same', (t) => {
  for (const ms of [0, 1, 999, 1_000, 61_000, 3_600_000, 86_400_000 * 10_000, 93_784_005]) {
    t.is(parseDuration(formatDuration(ms)), ms);
  }
  for (const text of ['', '5', 's', '1.5h', '1m1h', '1s1s', '-1s', ' 1s', '1 s', '1S', '10001d', '1e3s']) {
    t.is(parseDuration(text), undefined, text);
  }
  t.is(formatDuration(5_400_000), '1h30m');
});

test('money: what is formatted parses to the same', (t) => {
  for (const micro of [0, 1, 10, 500_000, 5_000_000, 1_234_567, 999_999_999_999_999]) {
    t.is(parseMoney(formatMoney(micro)), micro);
  }
  t.deepEqual(['0.50 USD', '5USD', '7', '0.000001 USD'].map(parseMoney), [500_000, 5_000_000, 7, 1]);
  for (const text of ['', 'USD', '.5 USD', '5. USD', '-1', '1e3', '5 usd', '5  USD', '99999999999 USD']) {
    t.is(parseMoney(text), undefined, text);
  }
  t.deepEqual([500_000, 5_000_000, 1, 1_230_000].map(formatMoney), [
    '0.50 USD',
    '5.00 USD',
    '0.000001 USD',
    '1.23 USD',
  ]);
});
