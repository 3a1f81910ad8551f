import test from 'ava';
import { operator } from '../../src/kernel/subject.ts';
import { Rate, Samples } from '../../src/agent/meters.ts';
import { bytes, forever, world } from './support.ts';

test('percentiles of the newest samples', (t) => {
  const samples = new Samples();
  t.is(samples.percentile(50), undefined);
  t.is(samples.size, 0);
  for (let n = 1; n <= 100; n++) samples.add(n);
  t.deepEqual(
    [0, 1, 50, 90, 99, 100].map((percent) => samples.percentile(percent)),
    [1, 1, 50, 90, 99, 100],
  );
  for (let n = 0; n < 1_000; n++) samples.add(7);
  t.is(samples.size, 256);
  t.is(samples.percentile(1), 7);
});

test('a rate forgets what is over, also after a long pause and with a clock that was set back', (t) => {
  const rate = new Rate();
  const start = Date.UTC(2030, 0, 1);
  t.deepEqual(rate.perMinute(start), { minute: 0, hour: 0 });
  for (let n = 0; n < 120; n++) rate.add(start + n * 1_000);
  t.deepEqual(rate.perMinute(start + 119_000), { minute: 60, hour: 2 });
  t.deepEqual(rate.perMinute(start + 600_000), { minute: 0, hour: 2 });
  // The last moment of ten seconds: that is how fine it counts.
  t.deepEqual(rate.perMinute(start + 3_659_999), { minute: 0, hour: 1 });
  t.deepEqual(rate.perMinute(start + 9_000_000), { minute: 0, hour: 0 });
  rate.add(start);
  t.deepEqual(rate.perMinute(start + 9_000_000), { minute: 1, hour: 1 / 60 });
  rate.add(start + 90_000_000);
  t.deepEqual(rate.perMinute(start + 90_000_000), { minute: 1, hour: 1 / 60 });
});

test('a tick, its wait and its acts are counted; another try waits for nobody', async (t) => {
  const { ada, model, clock } = await world(t, 'scripted');
  await ada.pause(operator);
  await ada.inbox.accept(bytes('one'), { origin: operator });
  clock.advance(5_000);
  await ada.resume(operator);
  await model.called();
  clock.advance(2_000);
  await model.fail(true);
  while (ada.working) await new Promise(setImmediate);
  clock.advance(1_000);
  await model.answer('yes\n');
  await ada.settled(forever());
  t.is(ada.meter.waits.size, 1);
  t.is(Math.round(ada.meter.waits.percentile(50)!), 5_000);
  t.is(ada.meter.ticks.size, 2);
  t.is(Math.round(ada.meter.ticks.percentile(100)!), 2_000);
  t.is(ada.meter.acts.perMinute(clock.now()).minute, 2);
});
