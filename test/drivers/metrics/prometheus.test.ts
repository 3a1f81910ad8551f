import test from 'ava';
import { register } from 'prom-client';
import { Prometheus } from '../../../src/drivers/metrics/prometheus.ts';
import { exposition } from '../../support/exposition.ts';

test('what is counted, observed and read is in the text format, and in no global registry', async (t) => {
  const metrics = new Prometheus();
  const ticks = metrics.counter('weft_ticks_total', 'Ticks, by "outcome".', ['outcome']);
  ticks.add({ outcome: 'answered' });
  ticks.add({ outcome: 'answered' });
  ticks.add({ outcome: 'no\nthing "to" do\\' });
  const seconds = metrics.histogram('weft_seconds', 'Seconds.', [0.1, 1]);
  for (const value of [0.05, 0.5, 5]) seconds.observe(value);
  let grown = 1;
  metrics.read('weft_grown_total', 'Grown.', () => [{ value: grown }], 'counter');
  metrics.read('weft_kinds', 'Kinds.', () => [{ labels: { kind: 'a' }, value: grown }]);
  grown = 7;
  for (let look = 0; look < 2; look++) {
    const families = exposition(await metrics.text());
    t.is(families.get('weft_ticks_total')!.samples.get('weft_ticks_total{outcome="answered"}'), 2);
    t.is(families.get('weft_ticks_total')!.samples.size, 2);
    t.is(families.get('weft_seconds')!.samples.get('weft_seconds_bucket{le="1"}'), 2);
    t.is(families.get('weft_seconds')!.samples.get('weft_seconds_sum'), 5.55);
    t.is(families.get('weft_grown_total')!.samples.get('weft_grown_total'), 7);
    t.is(families.get('weft_kinds')!.samples.get('weft_kinds{kind="a"}'), 7);
  }
  t.deepEqual(register.getMetricsAsArray(), []);
});

test('two servers in one process count for themselves', async (t) => {
  const [one, two] = [new Prometheus(), new Prometheus()];
  const add = (metrics: Prometheus): void => metrics.counter('weft_x_total', 'X.').add();
  add(one);
  add(two);
  t.is(await one.text(), await two.text());
});

test('the strict reader refuses what is no exposition', (t) => {
  const good = '# HELP a_total A.\n# TYPE a_total counter\na_total{b="c"} 1\n';
  t.is(exposition(good).get('a_total')!.samples.get('a_total{b="c"}'), 1);
  for (const bad of [
    good.trimEnd(),
    `${good}a_total{b="c"} 2\n`,
    good.replace('# HELP a_total A.\n', ''),
    good.replace('counter', 'summary'),
    good.replaceAll('a_total', 'a'),
    good.replace(' 1', ' one'),
    good.replace('"c"', 'c'),
    `${good}other 1\n`,
  ])
    t.throws(() => exposition(bad), undefined, bad);
});
