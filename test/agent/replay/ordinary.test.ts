import test from 'ava';
import { agent, operator } from '../../../src/kernel/subject.ts';
import { MemoryStore } from '../../../src/drivers/store/memory.ts';
import type { Agent } from '../../../src/agent/agent.ts';
import { recordsOf } from '../../../src/agent/replay/recorded.ts';
import { replay } from '../../../src/agent/replay/replay.ts';
import { all, bytes, forever, world } from '../support.ts';

const identical = async (t: Parameters<typeof world>[0], who: Agent): Promise<void> => {
  const records = recordsOf(await all(who.trajectory.journal));
  const { difference } = await replay(records, { store: new MemoryStore() });
  t.is(difference, undefined);
};

test('the schedule of an agent that was not the first', async (t) => {
  const { agents, clock } = await world(t);
  const bob = await agents.define('bob', operator, 'offline');
  await bob.settings.write('schedule/look', bytes('every 1m look around'), operator);
  for (let n = 0; n < 3; n++) {
    const added = new Promise<void>((resolve) => void bob.onChange(resolve));
    clock.advance(60_000);
    await added;
    await bob.settled(forever());
  }
  t.is(bob.record.tick, 3);
  await identical(t, bob);
});

test('an agent, not the first, that tells itself', async (t) => {
  const { agents, ada } = await world(t);
  const bob = await agents.define('bob', operator, 'offline');
  for (const who of [ada, bob]) {
    await who.inbox.accept(bytes(`tell ${who.name} remember the milk`), { origin: operator });
    for (let round = 0; round < 3; round++) await who.settled(forever());
  }
  await identical(t, ada);
  await identical(t, bob);
});

test('a goal written by the operator', async (t) => {
  const { ada } = await world(t);
  await ada.goals.make('ship', operator);
  await ada.settled(forever());
  await ada.goals.write('ship', 'text', bytes('tell ada well'), operator);
  await ada.settled(forever());
  await ada.goals.write('ship', 'priority', bytes('90'), operator);
  await ada.inbox.accept(bytes('hello'), { origin: operator });
  await ada.settled(forever());
  await ada.goals.write('ship', 'text', bytes('ship it well'), operator);
  await ada.inbox.accept(bytes('hello'), { origin: operator });
  await ada.settled(forever());
  await identical(t, ada);
});

test('messages of others while it works, at the same millisecond', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), { origin: operator });
  await model.called();
  await ada.inbox.accept(bytes('two'), { origin: agent('bob') });
  await ada.inbox.accept(bytes('three'), { origin: agent('eve') });
  await model.answer('1\n');
  await ada.inbox.accept(bytes('four'), { origin: agent('bob') });
  await model.answer('2\n');
  await model.answer('3\n');
  await model.called();
  await model.answer('4\n');
  await ada.settled(forever());
  await identical(t, ada);
});

test('a dead letter put back', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), { origin: operator });
  await model.fail(false);
  await ada.settled(forever());
  const [letter] = [...ada.dead.names()];
  await ada.dead.replay(letter!);
  await model.answer('1\n');
  await ada.settled(forever());
  await identical(t, ada);
});

test('two agents that talk', async (t) => {
  const { agents, ada } = await world(t);
  const bob = await agents.define('bob', operator, 'offline');
  await ada.settings.write('schedule/look', bytes('every 1h tell bob good morning'), operator);
  await ada.inbox.accept(bytes('tell bob good morning\ntell bob again\ntell bob and again'), { origin: operator });
  await bob.inbox.accept(bytes('tell ada good morning\ntell ada again\ntell ada and again'), { origin: operator });
  for (let round = 0; round < 4; round++) for (const who of [ada, bob]) await who.settled(forever());
  await identical(t, ada);
  await identical(t, bob);
});

test('an agent that tells the operator', async (t) => {
  const { ada } = await world(t);
  await ada.inbox.accept(bytes('tell operator it is done'), { origin: operator });
  await ada.settled(forever());
  await identical(t, ada);
});

test('several messages a tick, told and answered to itself, and others that come meanwhile', async (t) => {
  const { agents, ada } = await world(t);
  const bob = await agents.define('bob', operator, 'offline');
  await ada.settings.write('policy/loop', bytes('batch 3\n'), operator);
  await ada.pause(operator);
  for (const n of [1, 2, 3, 4])
    await ada.inbox.accept(bytes(`tell ada ${n}\ntell bob ${n}\ngoal ${n}`), { origin: operator });
  await bob.inbox.accept(bytes('tell ada one\ntell ada two'), { origin: operator });
  await ada.resume(operator);
  await ada.sending.send(bytes('To: ada\n\nfrom the outbox'));
  for (let round = 0; round < 4; round++) for (const who of [ada, bob]) await who.settled(forever());
  await identical(t, ada);
  await identical(t, bob);
});

test('messages that were dropped, because the inbox was full', async (t) => {
  const { ada, clock } = await world(t);
  await ada.settings.write('policy/limits', bytes('inbox 2\noverflow drop-oldest\n'), operator);
  await ada.pause(operator);
  for (const n of [1, 2, 3, 4]) {
    clock.advance(1_000);
    await ada.inbox.accept(bytes(`tell ada ${n}`), { origin: operator });
  }
  await ada.resume(operator);
  await ada.settled(forever());
  await identical(t, ada);
});
