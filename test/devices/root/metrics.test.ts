import test from 'ava';
import { observer } from '../../../src/kernel/subject.ts';
import { exposition } from '../../support/exposition.ts';
import { tree } from '../../support/tree.ts';

test('metrics is an exposition with everything that happened, for observers too', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  await shell.mkdir('/agents/bob');
  for (let n = 0; n < 3; n++) {
    await shell.write('/agents/ada/inbox/new', `${n}\n`);
    await shell.cat('/agents/ada/wait');
  }
  await shell.write('/agents/ada/ctl', 'pause\n');
  await shell.write('/agents/ada/inbox/new', 'later\n');
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'fly\n'), { code: 'EINVAL' });
  clock.advance(2_000);
  const families = exposition(await attach(observer).cat('/metrics'));
  const value = (name: string, labels = ''): number | undefined =>
    families.get(name.replace(/_(count|sum|bucket)$/, ''))?.samples.get(name + labels);
  t.is(value('weft_info', '{version="1.2.3"}'), 1);
  t.is(value('weft_ticks_total', '{outcome="answered"}'), 3);
  t.is(value('weft_events_total', '{type="message.accepted"}'), 4);
  t.is(value('weft_events_total', '{type="error"}'), 1);
  t.is(value('weft_acts_total', '{kind="model"}'), 3);
  t.is(value('weft_agents', '{state="idle"}'), 1);
  t.is(value('weft_agents', '{state="paused"}'), 1);
  t.is(value('weft_agents', '{state="working"}'), 0);
  t.is(value('weft_messages_waiting'), 1);
  t.is(value('weft_tick_duration_seconds_count'), 3);
  t.is(value('weft_message_wait_seconds_count'), 3);
  t.is(value('weft_connections'), 0);
  t.true(value('weft_memory_bytes', '{kind="resident"}')! > 1e6);
  t.is((await attach().stat('/metrics')).size, Buffer.byteLength(await attach().cat('/metrics')));
});
