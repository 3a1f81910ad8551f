import test from 'ava';
import { observer } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

test('apm, queue and latency, for observers too', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  const shown = (path: string): Promise<string[]> => attach(observer).lines(`/agents/ada/metrics/${path}`);
  t.deepEqual(await shown('apm'), ['last_minute 0', 'last_hour 0.00']);
  t.deepEqual(await shown('queue'), ['messages 0', 'retries 0', 'ticks 0', 'oldest']);
  t.deepEqual(await shown('latency'), [
    ...['waits 0', 'wait_p50', 'wait_p90', 'wait_p99'],
    ...['ticks 0', 'tick_p50', 'tick_p90', 'tick_p99'],
  ]);
  await shell.write('/agents/ada/inbox/new', 'hello\n');
  await shell.cat('/agents/ada/wait');
  await shell.write('/agents/ada/ctl', 'pause\n');
  await shell.write('/agents/ada/inbox/later', 'hello\n');
  clock.advance(90_000);
  t.deepEqual(await shown('apm'), ['last_minute 0', 'last_hour 0.02']);
  t.deepEqual(await shown('queue'), ['messages 1', 'retries 0', 'ticks 0', 'oldest 1m30s']);
  const [waits, p50, , , ticks, , , p99] = await shown('latency');
  t.is(waits, 'waits 1');
  t.is(ticks, 'ticks 1');
  t.regex(p50!, /^wait_p50 \d+\.\d\dms$/);
  t.regex(p99!, /^tick_p99 \d+\.\d\dms$/);
});
