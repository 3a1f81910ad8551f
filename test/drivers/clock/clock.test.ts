import test from 'ava';
import { timeText } from '../../../src/drivers/clock/clock.ts';
import { ManualClock } from '../../../src/drivers/clock/manual.ts';
import { SystemClock } from '../../../src/drivers/clock/system.ts';

test('the manual clock runs what comes due in order, each at its own time', (t) => {
  const clock = new ManualClock(1_000);
  const seen: [string, number][] = [];
  clock.timer(30, () => seen.push(['late', clock.now()]));
  clock.timer(10, () => {
    seen.push(['early', clock.now()]);
    clock.timer(5, () => seen.push(['nested', clock.now()]));
  });
  const cancel = clock.timer(20, () => seen.push(['never', clock.now()]));
  cancel();
  cancel();
  clock.advance(29);
  t.deepEqual(seen, [
    ['early', 1_010],
    ['nested', 1_015],
  ]);
  clock.advance(1);
  t.deepEqual(seen.at(-1), ['late', 1_030]);
  t.is(clock.timers, 0);
});

test('nanoseconds agree with the milliseconds and never stand still', (t) => {
  for (const clock of [new ManualClock(), new SystemClock()]) {
    const first = clock.nanos();
    const second = clock.nanos();
    t.true(second > first);
    const apart = Number(second / 1_000_000n) - clock.now();
    t.true(Math.abs(apart) < 1_000);
  }
});

test('a timer of the system clock runs, however long, and can be cancelled', async (t) => {
  const clock = new SystemClock();
  const cancel = clock.timer(2 ** 40, () => t.fail('a timer of 34 years ran'));
  clock.timer(0, () => t.fail('it was cancelled'))();
  await new Promise<void>((resolve) => void clock.timer(1, resolve));
  cancel();
  t.pass();
});

test('times are RFC 3339', (t) => {
  t.is(timeText(0), '1970-01-01T00:00:00.000Z');
});
