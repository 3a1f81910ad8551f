import test from 'ava';
import { put, within } from '../../src/drivers/store/store.ts';
import { operator } from '../../src/kernel/subject.ts';
import { rootJournalPrefix } from '../../src/agent/keys.ts';
import type { Agents } from '../../src/agent/agents.ts';
import { bytes, forever, records, world } from './support.ts';

const seqs = async (agents: Agents): Promise<unknown[]> => (await records(agents.log)).map(({ seq }) => seq);
const counted = (many: readonly unknown[]): number[] => many.map((_, index) => index + 1);

test('the numbers of the log have no holes over an orderly end and over crashes', async (t) => {
  const { agents, ada, clock, reopen } = await world(t);
  await ada.inbox.accept(bytes('one'), { origin: operator });
  await ada.settled(forever());
  await agents.close();
  let next = await reopen();
  for (let life = 0; life < 3; life++) {
    clock.advance(1_000);
    const again = (await next.load('ada'))!;
    await again.inbox.accept(bytes(`two ${life}`), { origin: operator });
    await again.settled(forever());
    next.event('never on disk');
    next = await reopen();
  }
  const found = await seqs(next);
  t.true(found.length > 12);
  t.deepEqual(found, counted(found));
});

test('a damaged end of the log does not keep the server from starting, and its numbers are not given again', async (t) => {
  const { agents, store, reopen } = await world(t);
  await agents.define('bob', operator);
  await agents.sync();
  const before = await seqs(agents);
  for await (const [key, value] of store.range({ ...within(rootJournalPrefix('events')), reverse: true, limit: 1 })) {
    const damaged = Buffer.from(value);
    damaged[damaged.length - 3]! ^= 0x20;
    damaged[damaged.lastIndexOf('{"seq"')] = 0x28;
    await store.inner.batch([put(key, damaged)]);
  }
  const again = await reopen();
  await again.define('eve', operator);
  const text = Buffer.from(await again.log.read(0, again.log.size)).toString();
  t.regex(text, new RegExp(`\\n\\("seq":${before.length},.*\\n\\{"seq":${before.length + 1},`));
});
