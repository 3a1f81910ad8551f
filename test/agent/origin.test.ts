import test from 'ava';
import { agent, observer, operator } from '../../src/kernel/subject.ts';
import { parse, stamp } from '../../src/agent/message.ts';
import { originText, senderOf, trustOf, type Origin } from '../../src/agent/origin.ts';
import { bytes, forever, text, world } from './support.ts';

const by = agent('ada');
const cases: readonly [Origin, text: string, from: string, trust: number][] = [
  [operator, 'operator', 'operator', 1],
  [agent('bob'), 'agent:bob', 'bob', 0.5],
  [{ tier: 'npub', npub: 'npub1xyz' }, 'npub1xyz', 'npub1xyz', 0.4],
  [{ tier: 'schedule', name: 'daily', by: operator }, 'schedule', 'schedule/daily', 0.9],
  [{ tier: 'goal', name: 'ship', by: operator }, 'goal', 'goals/ship', 0.9],
  [{ tier: 'schedule', name: 'daily', by }, 'schedule', 'schedule/daily', 0.5],
  [{ tier: 'goal', name: 'ship', by }, 'goal', 'goals/ship', 0.5],
  [observer, 'observer', 'observer', 0],
];

for (const [origin, name, from, trust] of cases) {
  test(`a message of ${from}${'by' in origin ? ` by ${origin.by.tier}` : ''} says so, and how far it is believed`, (t) => {
    t.is(originText(origin), name);
    t.is(senderOf(origin), from);
    t.is(trustOf(origin), trust);
    const document = stamp(parse('hello'), { id: 'm1', to: 'ada', origin, date: 0 });
    t.true(document.startsWith(`From: ${from}\nTo: ada\n`), document);
    t.true(document.includes(`\nOrigin: ${name}\nTrust: ${trust}\n`), document);
  });
}

test('an origin survives a restart, and the answer goes where it came from', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.pause(operator);
  const origin = { tier: 'schedule', name: 'daily', by: operator } as const;
  await ada.inbox.accept(bytes('hello'), { origin, name: 'n' });
  const again = (await reopen()).get('ada')!;
  t.deepEqual(again.inbox.get('n')!.origin, origin);
  await again.resume(operator);
  await again.settled(forever());
  t.regex(text(again.outbox.document([...again.outbox.names()].at(-1)!)), /^From: ada\nTo: schedule\/daily\n/);
});

test('no agent can have a name that stands for somebody else', async (t) => {
  const { agents, ada } = await world(t);
  for (const name of ['operator', 'observer']) {
    await t.throwsAsync(agents.define(name, operator), { code: 'EINVAL' });
    await t.throwsAsync(agents.rename(ada.name, name, operator), { code: 'EINVAL' });
  }
});
