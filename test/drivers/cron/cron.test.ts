import test from 'ava';
import { cron } from '../../../src/drivers/cron/cron.ts';

const after = Date.UTC(2030, 0, 1);

test('five fields, a nickname, a zone', (t) => {
  t.is(cron('*/15 * * * *').next(after), after + 15 * 60_000);
  t.is(cron('@hourly').next(after), after + 3_600_000);
  t.is(cron('0 0 * * *', 'Asia/Kolkata').next(after), after + 18.5 * 3_600_000);
});

test('what never comes due, or not before the end of time, is undefined', (t) => {
  t.is(cron('0 0 30 2 *').next(after), undefined);
  t.is(cron('0 0 * * *').next(8.64e15), undefined);
});

test('EINVAL says what is wrong', (t) => {
  t.throws(() => cron('0 0 1 13 *'), { code: 'EINVAL', message: /13 is no month: 1 to 12/ });
  t.throws(() => cron('0 0 1 x *'), { code: 'EINVAL', message: /x is no month/ });
  t.throws(() => cron('0 0 1 1'), { code: 'EINVAL' });
  t.throws(() => cron('0 0 1 1 *', 'Nowhere'), { code: 'EINVAL', message: /zone/ });
});
