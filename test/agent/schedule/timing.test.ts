import test from 'ava';
import { parseLine } from '../../../src/agent/schedule/timing.ts';

const now = Date.UTC(2030, 0, 1, 12, 7, 30);
const minute = 60_000;
const first = (text: string): string => new Date(parseLine(text).timing.first(now)).toISOString();

test('when, then the message: the rest of the line, the lines that follow, or both', (t) => {
  t.is(parseLine('every 15m look around').message, 'look around\n');
  t.is(parseLine('every 15m\nlook around\n').message, 'look around\n');
  t.is(parseLine('every 15m look\naround\n\nand back\n\n').message, 'look\naround\n\nand back\n');
  t.is(parseLine('  0  9 *  * 1-5   good   morning \n').message, 'good   morning\n');
  t.is(parseLine('@daily tidy up').message, 'tidy up\n');
  t.is(parseLine('at 2031-01-01T00:00:00Z happy\tnew year').message, 'happy\tnew year\n');
  t.is(parseLine('TZ=Europe/Berlin 0 9 * * * morning').timing.says, 'TZ=Europe/Berlin 0 9 * * *');
});

test('the first time, in UTC unless the line says otherwise', (t) => {
  t.is(first('every 15m x'), '2030-01-01T12:22:30.000Z');
  t.is(first('every 1h30m x'), '2030-01-01T13:37:30.000Z');
  t.is(first('0 9 * * * x'), '2030-01-02T09:00:00.000Z');
  t.is(first('0 9 * * 5 x'), '2030-01-04T09:00:00.000Z');
  t.is(first('TZ=America/New_York 0 9 * * * x'), '2030-01-01T14:00:00.000Z');
  t.is(first('at 2020-02-29T00:00:00+01:00 x'), '2020-02-28T23:00:00.000Z');
  t.is(first('at 9999-12-31T23:59:59Z x'), '9999-12-31T23:59:59.000Z');
});

test('every keeps its step, however many times were missed', (t) => {
  const { timing } = parseLine('every 15m x');
  t.is(timing.next(now, now), now + 15 * minute);
  t.is(timing.next(now, now + 1), now + 15 * minute);
  t.is(timing.next(now, now + 15 * minute), now + 30 * minute);
  t.is(timing.next(now, now + 1_000_000 * minute + 1), now + 1_000_005 * minute);
  // A clock that was set back brings no time twice.
  t.is(timing.next(now, now - 1_000_000 * minute), now + 15 * minute);
});

test('cron does not come due twice when the clock was set back', (t) => {
  const { timing } = parseLine('* * * * * x');
  const due = timing.first(now);
  t.is(timing.next(due, due - 3_600_000), due + minute);
});

test('in a time zone with summer time a day has one nine o’clock, and an hour that is missing is made up', (t) => {
  const { timing } = parseLine('TZ=Europe/Berlin 30 2 * * * x');
  const times: string[] = [];
  for (let due = Date.UTC(2030, 2, 29); times.length < 4;) {
    due = timing.next(due, due)!;
    times.push(new Date(due).toISOString());
  }
  t.deepEqual(times, [
    '2030-03-29T01:30:00.000Z',
    '2030-03-30T01:30:00.000Z',
    '2030-03-31T01:00:00.000Z',
    '2030-04-01T00:30:00.000Z',
  ]);
  const autumn: string[] = [];
  for (let due = Date.UTC(2030, 9, 26); autumn.length < 3;) {
    due = timing.next(due, due)!;
    autumn.push(new Date(due).toISOString());
  }
  t.deepEqual(autumn, ['2030-10-26T00:30:00.000Z', '2030-10-27T00:30:00.000Z', '2030-10-28T01:30:00.000Z']);
});

for (const [text, reason] of [
  ['', /begins with every/],
  ['hello there my good old friend', /not 'hello'/],
  ['every', /'' is no duration/],
  ['every 15m', /the message/],
  ['every 15m\n \n\n', /the message/],
  ['every 15 x', /'15' is no duration/],
  ['every 1ns x', /'1ns' is no duration/],
  ['every 0s x', /from 1s/],
  ['every 999ms x', /from 1s/],
  ['every -1s x', /no duration/],
  ['every 1e9s x', /no duration/],
  ['every Infinitys x', /no duration/],
  ['every 10001d x', /no duration/],
  ['every 99999999999999999999s x', /no duration/],
  ['at noon x', /'noon' is no time/],
  ['at 2030-01-01 x', /is no time/],
  ['at 2030-01-01T00:00:00 x', /is no time/],
  ['at 2030-02-30T00:00:00Z x', /is no time/],
  ['at 2030-01-01T25:00:00Z x', /is no time/],
  ['at +275760-09-13T00:00:00.000Z x', /is no time/],
  ['at 275760-09-13T00:00:00Z x', /is no time/],
  ['at 1969-12-31T00:00:00Z x', /is no time/],
  ['60 * * * * x', /60 is no minute: 0 to 59/],
  ['0 24 * * * x', /24 is no hour/],
  ['0 0 32 * * x', /32 is no day/],
  ['0 0 1 13 * x', /13 is no month: 1 to 12/],
  ['0 0 * * 8 x', /8 is no weekday/],
  ['0 0 30 2 * x', /never comes due/],
  ['0 0 31 2,4,6,9,11 * x', /never comes due/],
  ['*/0 * * * * x', /stepping/],
  ['0 0 * x', /five fields/],
  ['@never x', /@never/],
  ['TZ=Mars/Olympus 0 9 * * * x', /no time zone 'Mars\/Olympus'/],
  ['TZ= 0 9 * * * x', /no time zone ''/],
] as const) {
  test(`EINVAL: ${JSON.stringify(text)}`, (t) => {
    const error = t.throws(() => parseLine(text).timing.first(now), { code: 'EINVAL' });
    t.regex(error.message, reason);
  });
}

test('a hostile line costs no more than its length', (t) => {
  const started = performance.now();
  for (const text of [
    ' '.repeat(200_000),
    'x '.repeat(100_000),
    `every 15m${' '.repeat(200_000)}x`,
    '\n'.repeat(200_000),
  ])
    try {
      parseLine(text);
    } catch {
      // Refused is as good.
    }
  t.true(performance.now() - started < 1_000);
});
