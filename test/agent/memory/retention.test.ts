import test from 'ava';
import { within } from '../../../src/drivers/store/store.ts';
import { EXCHANGES, PER_EPISODE, type Spoken } from '../../../src/agent/memory/conversations.ts';
import { EPISODES } from '../../../src/agent/memory/episodes.ts';
import type { Happened } from '../../../src/agent/memory/episode.ts';
import { episodePrefix, talkPrefix } from '../../../src/agent/keys.ts';
import { world, type World } from '../support.ts';

const time = '2030-01-01T00:00:00.000Z';
const record = (id: string, text: string): Spoken => ({
  id,
  time,
  tick: 1,
  direction: 'in',
  from: 'operator',
  to: 'ada',
  text,
});
const happened = (id: string): Happened => ({
  time,
  tick: 1,
  outcome: 'answered',
  from: 'operator',
  conversation: 'operator',
  message: { id, text: id },
});
const count = async ({ store }: World, prefix: string): Promise<number> => {
  let keys = 0;
  for await (const _ of store.keys(within(prefix))) keys++;
  return keys;
};

test('the newest 1,000 episodes are kept', async (t) => {
  const made = await world(t);
  const { episodes } = made.ada.memory;
  for (let number = 1; number <= EPISODES + 5; number++) {
    const change = episodes.add(number, [happened(`m${number}`)]);
    await made.store.batch(change.operations);
    change.apply();
  }
  t.is(await count(made, episodePrefix(made.ada.id)), EPISODES);
  t.deepEqual([episodes.numbers()[0], episodes.numbers().length, episodes.has(5)], [6, EPISODES, false]);
});

test('the newest exchanges are kept, over all conversations, by number and by bytes', async (t) => {
  const made = await world(t);
  const { conversations } = made.ada.memory;
  const add = async (number: number, conversation: string, text: string): Promise<void> => {
    const exchange = { number: number * PER_EPISODE, conversation, records: [record(`m${number}`, text)] };
    const change = conversations.add([exchange]);
    await made.store.batch(change.operations);
    change.apply();
  };
  for (let number = 1; number <= EXCHANGES; number++) await add(number, number < 4 ? 'operator.m0' : 'operator', 'x');
  t.deepEqual([...conversations.names()], ['operator.m0', 'operator']);
  for (let number = 1; number <= 3; number++) await add(EXCHANGES + number, 'operator', 'x');
  t.deepEqual([...conversations.names()], ['operator']);
  t.is(conversations.size, EXCHANGES);
  t.is(await count(made, talkPrefix(made.ada.id)), EXCHANGES);
  for (let number = 4; number <= 154; number++) await add(EXCHANGES + number, 'operator', 'y'.repeat(60_000));
  t.true(conversations.get('operator')!.size <= 8 * 1024 * 1024);
  t.true(conversations.size < 150);
  const again = (await (await made.reopen()).load('ada'))!.memory.conversations;
  t.is(again.get('operator')!.size, conversations.get('operator')!.size);
});
