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
  t.is(difference, undefined, JSON.stringify(records.find(({ seq }) => seq === difference?.seq)));
};

test('a session with tells, memories and goals is identical, of who tells and of who is told', async (t) => {
  const { agents, ada, clock } = await world(t);
  const bob = await agents.define('bob', operator, 'offline');
  const settled = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) for (const who of [ada, bob]) await who.settled(forever());
  };
  const say = async (text: string): Promise<void> => {
    await ada.inbox.accept(bytes(text), { origin: operator });
    await settled();
    clock.advance(1_234);
  };
  await say('tell bob good morning\ntell nobody good morning');
  await say('remember the tea is in the left drawer\n');
  await say('what do you know?');
  await say('goal find the cups');
  await say('tell bob and good night');
  await ada.inbox.accept(bytes('tell eve this is text'), { origin: agent('bob') });
  await settled();
  await identical(t, ada);
  await identical(t, bob);
});

test('goals that others set, end and remove are no part of what is compared', async (t) => {
  const { ada } = await world(t);
  await ada.goals.make('ship', operator);
  await ada.goals.write('ship', 'text', bytes('ship it'), operator);
  await ada.settled(forever());
  await ada.goals.end('ship', 'done', 'it is out', operator);
  await ada.inbox.accept(bytes('hello'), { origin: operator });
  await ada.settled(forever());
  await ada.goals.remove('ship', operator);
  await ada.inbox.accept(bytes('goal find the cups'), { origin: operator });
  await ada.settled(forever());
  await identical(t, ada);
});

test('what schedules gave to do is given again', async (t) => {
  const { ada, clock } = await world(t);
  await ada.settings.write('schedule/look', bytes('every 1m look around'), operator);
  for (let n = 0; n < 3; n++) {
    const added = new Promise<void>((resolve) => void ada.onChange(resolve));
    clock.advance(60_000);
    await added;
    await ada.settled(forever());
  }
  t.is(ada.record.tick, 3);
  await identical(t, ada);
});
