import test from 'ava';
import { agent as agentSubject, operator, type Subject } from '../../../src/kernel/subject.ts';
import type { Agent } from '../../../src/agent/agent.ts';
import { within } from '../../../src/drivers/store/store.ts';
import { bytes, forever, records, text, world, type World } from '../support.ts';

const minute = 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();

const write = (agent: Agent, name: string, content: Uint8Array, by: Subject): Promise<void> =>
  agent.settings.write(`schedule/${name}`, content, by);

/** Resolves when `count` messages of schedules were accepted since it was called. */
const fired = async (agents: World['agents'], count = 1): Promise<void> => {
  let left = count;
  await new Promise<void>((resolve) => {
    const end = agents.on((change) => {
      if (change.type !== 'message' || change.change !== 'added' || --left > 0) return;
      end();
      resolve();
    });
  });
};

/** Lets the queue come to rest: everything that was due has been done. */
const rest = async ({ agents }: Pick<World, 'agents'>): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => void setImmediate(resolve));
  await agents.sync();
};

const answers = async (ada: Agent): Promise<string[]> =>
  (await records(ada.outbox.log)).map(({ in_reply_to }) => in_reply_to as string);

test('every: a message each time, from the schedule, with the next time in step', async (t) => {
  const here = await world(t);
  const { ada, clock, agents } = here;
  const start = clock.now();
  await write(ada, 'look', bytes('every 15m look around\n'), operator);
  t.deepEqual(ada.schedules.coming(2), [
    { name: 'look', time: start + 15 * minute, last: undefined },
    { name: 'look', time: start + 30 * minute, last: undefined },
  ]);
  for (let n = 1; n <= 3; n++) {
    clock.advance(15 * minute - 1);
    await rest(here);
    t.is(ada.outbox.size, n - 1);
    const once = fired(agents);
    clock.advance(1);
    await once;
    await ada.settled(forever());
    t.is(ada.outbox.size, n);
    t.deepEqual(ada.schedules.coming(1), [
      { name: 'look', time: start + (n + 1) * 15 * minute, last: start + n * 15 * minute },
    ]);
  }
  const document = text(ada.outbox.document([...ada.outbox.names()].at(-1)!));
  t.regex(document, /^From: ada\nTo: schedule\/look\n/);
  t.regex(document, /“look around”/);
  t.deepEqual(
    await answers(ada),
    [1, 2, 3].map((n) => `s00000001-look-${start + n * 15 * minute}`),
  );
});

test('the message says where it comes from, and what an agent wrote is believed less', async (t) => {
  const here = await world(t, 'scripted');
  const { ada, clock, agents } = here;
  await ada.pause(operator);
  await ada.resume(operator);
  await write(ada, 'hers', bytes('every 1m x'), agentSubject('ada'));
  const once = fired(agents);
  clock.advance(minute);
  await once;
  const [message] = ada.inbox.list();
  const document = text(ada.inbox.document(message!.name));
  t.regex(document, /^From: schedule\/hers\n/);
  t.regex(document, /\nOrigin: schedule\nTrust: 0.5\n/);
  t.regex(document, /\nSubject: schedule\/hers\n\nx\n$/);
});

test('cron, in UTC', async (t) => {
  const here = await world(t);
  const { ada, clock, agents } = here;
  await write(ada, 'noon', bytes('0 12 * * * lunch'), operator);
  const once = fired(agents);
  clock.advance(12 * 60 * minute);
  await once;
  await ada.settled(forever());
  t.is(ada.outbox.size, 1);
  t.is(ada.schedules.coming(1)[0]!.time, Date.UTC(2030, 0, 2, 12));
});

test('at: once, also where it is past; then it is done and stays to be seen', async (t) => {
  const here = await world(t);
  const { ada, clock, agents, reopen } = here;
  const once = fired(agents);
  await write(ada, 'past', bytes('at 2020-01-01T00:00:00Z late'), operator);
  await once;
  await ada.settled(forever());
  t.is(ada.outbox.size, 1);
  t.deepEqual(ada.schedules.coming(), [{ name: 'past', time: undefined, last: Date.UTC(2020, 0, 1) }]);
  // Written again as it is, it stays done.
  await write(ada, 'past', bytes('at 2020-01-01T00:00:00Z late'), operator);
  clock.advance(24 * 60 * minute);
  await rest(here);
  t.is(ada.outbox.size, 1);
  const later = await reopen();
  const again = (await later.load('ada'))!;
  clock.advance(minute);
  await rest({ agents: later });
  t.is(again.outbox.size, 1);
  t.deepEqual(again.schedules.names(), ['past']);
});

test('after the server was down, one message for all the times that went by', async (t) => {
  const here = await world(t);
  const { ada, clock, reopen } = here;
  const start = clock.now();
  await write(ada, 'look', bytes('every 15m look'), operator);
  await write(ada, 'noon', bytes('0 12 * * * lunch'), operator);
  await here.agents.close();
  clock.advance(10 * 24 * 60 * minute + 1);
  const agents = await reopen();
  const again = (await agents.load('ada'))!;
  await rest({ agents });
  await again.settled(forever());
  t.deepEqual((await answers(again)).toSorted(), [
    `s00000001-look-${start + 15 * minute}`,
    `s00000001-noon-${start + 12 * 60 * minute}`,
  ]);
  t.deepEqual(
    again.schedules.coming(1).map(({ time }) => iso(time!)),
    ['2030-01-11T00:15:00.000Z', '2030-01-11T12:00:00.000Z'],
  );
});

test('while it is paused nothing fires; resume catches up once', async (t) => {
  const here = await world(t);
  const { ada, clock, agents, reopen } = here;
  await write(ada, 'look', bytes('every 15m look'), operator);
  await ada.pause(operator);
  for (let n = 0; n < 5; n++) {
    clock.advance(15 * minute);
    await rest(here);
  }
  t.is(ada.inbox.size, 0);
  t.is(ada.peek(), 'paused 0');
  t.is(clock.timers <= 2, true, 'nothing goes round while it is held');
  const once = fired(agents);
  await ada.resume(operator);
  await once;
  await ada.settled(forever());
  t.is(ada.outbox.size, 1);
  await rest(here);
  t.is(ada.outbox.size, 1);
  // The pause outlives the server, and what it holds too.
  await ada.pause(operator);
  clock.advance(60 * minute);
  await rest(here);
  const later = await reopen();
  const again = (await later.load('ada'))!;
  await rest({ agents: later });
  t.is(again.inbox.size, 0);
  const caught = fired(later);
  await again.resume(operator);
  await caught;
  await again.settled(forever());
  t.is(again.outbox.size, 2);
});

test('one that is replaced or removed does not fire for the time it had', async (t) => {
  const here = await world(t);
  const { ada, clock, store } = here;
  await write(ada, 'a', bytes('every 1m x'), operator);
  await write(ada, 'a', bytes('every 1h y'), operator);
  await write(ada, 'b', bytes('every 1m x'), operator);
  await ada.settings.removeSchedule('b', operator);
  await t.throwsAsync(ada.settings.removeSchedule('b', operator), { code: 'ENOENT' });
  const keys: string[] = [];
  for await (const key of store.keys(within('due/'))) keys.push(key);
  t.is(keys.length, 1);
  clock.advance(59 * minute);
  await rest(here);
  t.is(ada.outbox.size, 0);
});

test('renamed, it fires under its new name and takes the place of what was there', async (t) => {
  const here = await world(t);
  const { ada, clock, agents } = here;
  await write(ada, 'a', bytes('every 1m x'), operator);
  await write(ada, 'b', bytes('every 2s y'), operator);
  await ada.settings.renameSchedule('a', 'b', operator);
  t.deepEqual(ada.schedules.names(), ['b']);
  await t.throwsAsync(ada.settings.renameSchedule('b', 'next', operator), { code: 'EINVAL' });
  await t.throwsAsync(ada.settings.renameSchedule('a', 'c', operator), { code: 'ENOENT' });
  clock.advance(30_000);
  await rest(here);
  t.is(ada.outbox.size, 0);
  const once = fired(agents);
  clock.advance(30_000);
  await once;
  await ada.settled(forever());
  t.regex((await answers(ada)).join(), /^s00000001-b-\d+$/);
});

test('an agent that is renamed keeps its schedules; of one that is archived nothing fires', async (t) => {
  const here = await world(t);
  const { ada, clock, agents, store } = here;
  await write(ada, 'look', bytes('every 1m x'), operator);
  await agents.rename('ada', 'eve', operator);
  const once = fired(agents);
  clock.advance(minute);
  await once;
  await ada.settled(forever());
  t.is(ada.outbox.size, 1);
  await agents.archive('eve', operator);
  await agents.define('eve', operator);
  clock.advance(10 * minute);
  await rest(here);
  t.is((await agents.load('eve'))!.record.tick, 0);
  for await (const key of store.keys(within('due/'))) t.fail(key);
});

test('what comes back from the archive, and what is forked, has its schedules', async (t) => {
  const here = await world(t);
  const { ada, clock, agents } = here;
  await write(ada, 'look', bytes('every 1m x'), operator);
  const archived = await agents.archive('ada', operator);
  clock.advance(10 * minute);
  await rest(here);
  const once = fired(agents);
  const back = await agents.unarchive(archived, operator);
  await once;
  await back.settled(forever());
  t.is(back.outbox.size, 1);
  const fork = await agents.fork('ada', 'eve', { subject: operator });
  t.deepEqual(fork.schedules.coming(1), back.schedules.coming(1));
  const both = fired(agents, 2);
  clock.advance(minute);
  await both;
  await fork.settled(forever());
  await back.settled(forever());
  t.is(fork.outbox.size, 1);
  t.is(back.outbox.size, 2);
});

test('what is refused leaves the old one in force', async (t) => {
  const here = await world(t);
  const { ada, clock } = here;
  await write(ada, 'a', bytes('every 1m x'), operator);
  const before = ada.schedules.coming();
  await t.throwsAsync(ada.settings.stage('schedule/a', bytes('every 1ns x'), operator), {
    code: 'EINVAL',
    message: /1ns/,
  });
  await t.throwsAsync(write(ada, 'a', bytes('0 0 30 2 * x'), operator), { code: 'EINVAL', message: /never/ });
  await t.throwsAsync(write(ada, 'next', bytes('every 1m x'), operator), { code: 'EINVAL' });
  await t.throwsAsync(write(ada, 'a', Buffer.alloc(131_073, 'x'), operator), { code: 'EFBIG' });
  await t.throwsAsync(write(ada, 'a', Buffer.of(0xff), operator), { code: 'EINVAL' });
  t.deepEqual(ada.schedules.coming(), before);
  clock.advance(1);
  const stage = await ada.settings.stage('schedule/a', bytes('every 5m y'), operator);
  t.deepEqual(ada.schedules.coming(), before);
  await ada.settings.discardStage(stage);
  ada.settings.publish(stage);
  t.deepEqual(ada.schedules.coming(), before);
});

test('policy/limits says how many; those that are done count until they are removed', async (t) => {
  const { ada, agents } = await world(t);
  await ada.settings.write('policy/limits', bytes('schedules 2\n'), operator);
  const once = fired(agents);
  await write(ada, 'past', bytes('at 2020-01-01T00:00:00Z x'), operator);
  await once;
  await ada.settled(forever());
  await write(ada, 'more', bytes('every 1d x'), operator);
  await t.throwsAsync(write(ada, 'over', bytes('every 1d x'), operator), { code: 'ENOSPC' });
  await write(ada, 'more', bytes('every 2d x'), operator);
  await ada.settings.removeSchedule('past', operator);
  await write(ada, 'over', bytes('every 1d x'), operator);
  t.deepEqual(ada.schedules.names(), ['more', 'over']);
});

test('a manifest sets schedules; applied again it starts nothing anew', async (t) => {
  const { ada, clock } = await world(t);
  const manifest = bytes('name: ada\nschedule:\n  look: every 15m look around\n');
  await ada.settings.write('manifest', manifest, operator);
  const before = ada.schedules.coming();
  t.is(before[0]?.time, clock.now() + 15 * minute);
  clock.advance(minute);
  await ada.settings.write('manifest', manifest, operator);
  t.deepEqual(ada.schedules.coming(), before);
  await t.throwsAsync(ada.settings.write('manifest', bytes('name: ada\nschedule:\n  look: every 1ns x\n'), operator), {
    code: 'EINVAL',
    message: /line 3.*1ns/,
  });
  await ada.settings.write('manifest', bytes('name: ada\n'), operator);
  t.deepEqual(ada.schedules.coming(), []);
});

test('what was staged when the server died is in force after the start', async (t) => {
  const here = await world(t);
  const { ada, reopen, clock } = here;
  await ada.settings.stage('schedule/look', bytes('every 1m look'), operator);
  t.deepEqual(ada.schedules.names(), []);
  const agents = await reopen();
  const again = (await agents.load('ada'))!;
  t.deepEqual(again.schedules.names(), ['look']);
  const once = fired(agents);
  clock.advance(minute);
  await once;
  await again.settled(forever());
  t.is(again.outbox.size, 1);
});

test('a store that refuses: nothing fires, nothing shows, and it is tried again', async (t) => {
  const here = await world(t);
  const { ada, clock, store, agents } = here;
  await write(ada, 'look', bytes('every 15m look'), operator);
  const before = ada.schedules.coming();
  store.broken = true;
  clock.advance(15 * minute);
  await rest(here).catch(() => undefined);
  t.is(ada.inbox.size, 0);
  t.deepEqual(ada.schedules.coming(), before);
  store.broken = false;
  const once = fired(agents);
  clock.advance(1_000);
  await once;
  await ada.settled(forever());
  t.is(ada.outbox.size, 1);
});

test('an inbox that is full: the time is missed and said so, the next one comes', async (t) => {
  const here = await world(t, 'scripted');
  const { ada, clock, model, agents } = here;
  await write(ada, 'look', bytes('every 15m look'), operator);
  const filling: Promise<string>[] = [];
  for (let n = 0; n < 1_000; n++) filling.push(ada.inbox.accept(bytes('x'), { origin: operator }));
  await Promise.all(filling);
  clock.advance(15 * minute);
  await rest(here);
  t.like(ada.errors.list().at(-1), { path: 'schedule/look', code: 'ENOSPC' });
  await model.answer('done');
  while (ada.inbox.size === 1_000) await new Promise((resolve) => void setImmediate(resolve));
  const once = fired(agents);
  clock.advance(15 * minute);
  await once;
  t.is(ada.inbox.size, 1_000);
});

test('a clock that is set back brings no time twice', async (t) => {
  const here = await world(t);
  const { ada, clock, agents } = here;
  await write(ada, 'look', bytes('* * * * * look'), operator);
  const once = fired(agents);
  clock.advance(minute);
  await once;
  await ada.settled(forever());
  clock.set(clock.now() - 30 * minute);
  for (let n = 0; n < 30; n++) {
    clock.advance(minute);
    await rest(here);
  }
  t.is(ada.outbox.size, 1);
  const next = fired(agents);
  clock.advance(minute);
  await next;
  await ada.settled(forever());
  t.is(ada.outbox.size, 2);
  t.is(new Set(await answers(ada)).size, 2);
});

test.serial('2,000 due at once, over 20 agents: each fires once', async (t) => {
  const here = await world(t);
  const { clock, agents, store } = here;
  const all: Agent[] = [];
  for (let n = 0; n < 20; n++) all.push(await agents.define(`a${n}`, operator));
  await Promise.all(
    all.flatMap((agent) =>
      Array.from({ length: 100 }, (_, n) => write(agent, `n${n}`, bytes('0 12 * * * x'), operator)),
    ),
  );
  const done = fired(agents, 2_000);
  clock.advance(12 * 60 * minute);
  await done;
  for (const agent of all) {
    await agent.settled(forever());
    t.is(agent.outbox.size, 100);
    t.is(agent.errors.list().length, 0);
  }
  let keys = 0;
  for await (const _ of store.keys(within('due/'))) keys++;
  t.is(keys, 2_000);
});
