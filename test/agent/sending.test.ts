import test from 'ava';
import { operator } from '../../src/kernel/subject.ts';
import type { Agent } from '../../src/agent/agent.ts';
import { bytes, forever, records, text, world, type World } from './support.ts';

/** Ada and bob, and what they have said. */
const two = async (...given: Parameters<typeof world>): Promise<World & { bob: Agent }> => {
  const here = await world(...given);
  return { ...here, bob: await here.agents.define('bob', operator, given[1]) };
};

const letter = (to: string, body: string, more = ''): Uint8Array => bytes(`To: ${to}\n${more}\n${body}`);
const outcomes = (agent: Agent): string[] =>
  Array.from(
    { length: agent.record.tick },
    (_, n) => (JSON.parse(text(agent.tickRecord(n + 1))) as { outcome: string }).outcome,
  );
const rest = async (...agents: Agent[]): Promise<void> => {
  for (let round = 0; round < 4; round++) for (const agent of agents) await agent.settled(forever());
};

test('a message of its own accord is in its outbox and in the inbox of the other, from it', async (t) => {
  const { ada, bob } = await two(t, 'scripted');
  await bob.pause(operator);
  const id = await ada.sending.send(letter('bob', 'hello', 'Subject: hi\nFrom: root\nPriority: high\n'));
  const [message] = bob.inbox.list();
  const document = text(bob.inbox.document(message!.name));
  t.is(message!.id, id);
  for (const line of [
    'From: ada',
    'To: bob',
    'Origin: agent:ada',
    'Trust: 0.5',
    `Id: ${id}`,
    'Subject: hi',
    'Priority: high',
    'Claimed-From: root',
  ]) {
    t.true(document.split('\n\n')[0]!.split('\n').includes(line), `${line} in ${document}`);
  }
  t.true(document.endsWith('\n\nhello'));
  t.like((await records(ada.outbox.log)).at(-1), { id, from: 'ada', to: 'bob', subject: 'hi', text: 'hello' });
  t.is(ada.inbox.size, 0);
});

test('it is answered, the answer comes back in the thread, and there it ends', async (t) => {
  const { ada, bob } = await two(t);
  const id = await ada.sending.send(letter('bob', 'hello'));
  await rest(ada, bob);
  t.deepEqual(outcomes(bob), ['answered']);
  t.deepEqual(outcomes(ada), ['noted']);
  const [answer] = await records(bob.outbox.log);
  t.like(answer, { to: 'ada', in_reply_to: id });
  t.is(ada.outbox.size, 1);
  // Written by hand as an answer to what bob said, it is noted there.
  await ada.sending.send(letter('bob', 'thanks', `In-Reply-To: ${answer!['id'] as string}\n`));
  await rest(ada, bob);
  t.deepEqual(outcomes(bob), ['answered', 'noted']);
  t.is(bob.outbox.size, 1);
});

test('an answer finds the agent that asked under its new name, and not another one under the old', async (t) => {
  const { ada, bob, agents } = await two(t);
  await bob.pause(operator);
  await ada.sending.send(letter('bob', 'hello'));
  await agents.rename('ada', 'eve', operator);
  const other = await agents.define('ada', operator);
  await bob.resume(operator);
  await rest(ada, bob, other);
  t.deepEqual(outcomes(ada), ['noted']);
  t.is(other.record.tick, 0);
  t.regex(text(bob.outbox.document([...bob.outbox.names()].at(-1)!)), /^From: bob\nTo: eve\n/);
});

test('three agents in one thread come to an end', async (t) => {
  const { ada, bob, agents } = await two(t);
  const cyd = await agents.define('cyd', operator);
  const id = await ada.sending.send(letter('bob', 'hello'));
  await rest(ada, bob, cyd);
  // Bob passes on what he was asked, in the same thread; cyd did not write that, so she answers him once.
  await bob.sending.send(letter('cyd', 'ada says hello', `In-Reply-To: ${id}\n`));
  await cyd.sending.send(letter('ada', 'bob says you say hello', `In-Reply-To: ${id}\n`));
  await rest(ada, bob, cyd);
  t.deepEqual(outcomes(cyd), ['answered']);
  t.deepEqual(outcomes(bob), ['answered', 'noted']);
  t.deepEqual(outcomes(ada), ['noted', 'noted']);
});

test('it is one batch, and counts as pending at the receiver from the flush on', async (t) => {
  const { ada, bob, store } = await two(t, 'scripted');
  await bob.pause(operator);
  const stage = await ada.sending.stage(letter('bob', 'hello'));
  t.is(bob.peek(), 'paused 1');
  t.is(bob.inbox.size, 0);
  const given = await ada.sending.stage(letter('bob', 'not this'));
  t.is(bob.peek(), 'paused 2');
  await ada.sending.discardStage(given);
  const batches: string[][] = [];
  const batch = store.batch.bind(store);
  store.batch = async (operations) => {
    batches.push(operations.map(({ type, key }) => `${type} ${key.split('/').slice(0, 3).join('/')}`));
    await batch(operations);
  };
  const id = ada.sending.publish(stage);
  t.is(bob.peek(), 'paused 1');
  t.is(ada.sending.publish({ ...stage, duplicate: id }), id);
  t.throws(() => ada.sending.publish(stage), { code: 'EINVAL' });
  await new Promise((resolve) => void setImmediate(resolve));
  for (const key of [
    'put data/00000001/outbox',
    'put data/00000001/log',
    'put data/00000002/inbox',
    'del stage/000000000001',
  ]) {
    t.true(batches[0]!.includes(key), `${key} in ${batches[0]!.join()}`);
  }
  t.is(bob.inbox.size, 1);
});

test('what was staged when the server died is sent once', async (t) => {
  const { ada, reopen } = await two(t);
  await ada.sending.stage(letter('bob', 'hello'));
  for (let life = 0; life < 2; life++) {
    const agents = await reopen();
    const [a, b] = [(await agents.load('ada'))!, (await agents.load('bob'))!];
    await rest(a, b);
    t.is(a.outbox.size, 1);
    t.is(b.outbox.size, 1);
  }
});

test('a store that refuses: neither has it', async (t) => {
  const { ada, bob, store } = await two(t, 'scripted');
  store.broken = true;
  await t.throwsAsync(ada.sending.send(letter('bob', 'hello')), { code: 'EIO' });
  store.broken = false;
  t.is(ada.outbox.size, 0);
  t.is(bob.pending, 0);
});

test('for the operator it stands in the outbox', async (t) => {
  const { ada } = await two(t);
  await ada.sending.send(letter('operator', 'look here'));
  t.is(ada.outbox.last, 'look here');
});

test('an Id is a key for a day', async (t) => {
  const { ada, bob, clock } = await two(t);
  const id = await ada.sending.send(letter('bob', 'hello', 'Id: k\n'));
  t.is(await ada.sending.send(letter('bob', 'hello', 'Id: k\n')), id);
  await t.throwsAsync(ada.sending.send(letter('bob', 'other', 'Id: k\n')), { code: 'EEXIST' });
  await rest(ada, bob);
  t.is(bob.outbox.size, 1);
  clock.advance(24 * 3_600_000);
  t.not(await ada.sending.send(letter('bob', 'other', 'Id: k\n')), id);
});

test('an agent that sleeps is woken; one that goes meanwhile is told of', async (t) => {
  const { ada, bob, agents } = await two(t);
  await bob.hibernate('hibernate', operator);
  await ada.sending.send(letter('bob', 'hello'));
  await rest(ada, bob);
  t.is(bob.outbox.size, 1);
  const stage = await ada.sending.stage(letter('bob', 'again'));
  await agents.archive('bob', operator);
  t.throws(() => ada.sending.publish(stage), { code: 'ESTALE' });
  t.is(ada.outbox.size, 1);
});

for (const [document, code] of [
  ['hello', 'EINVAL'],
  ['Subject: x\n\nhello', 'EINVAL'],
  ['To: eve\n\nhello', 'ENOENT'],
  ['To: \n\nhello', 'ENOENT'],
  ['To: No Such\n\nhello', 'ENOENT'],
  [`To: npub1${'q'.repeat(58)}\n\nhello`, 'ENOTSUP'],
  ['To: n/host/agents/bob\n\nhello', 'ENOTSUP'],
  ['To: bob@example.org\n\nhello', 'ENOTSUP'],
  [`To: bob\n\n${'x'.repeat(256 * 1024 - 30)}`, 'EFBIG'],
] as const) {
  test(`${code}: ${JSON.stringify(document.slice(0, 40))}`, async (t) => {
    const { ada } = await two(t);
    await t.throwsAsync(ada.sending.stage(bytes(document)), { code });
    t.is(ada.outbox.size, 0);
  });
}

test('tell and goal are acts of a tick, and happen with its commit', async (t) => {
  const { ada, bob } = await two(t);
  const answer = await ada.ask(
    bytes('tell bob hello from ada\ngoal learn to swim\ntell eve hello\n'),
    operator,
    forever(),
  );
  t.regex(answer, /^told bob \(m\w+\)\ngoals\/g-[a-z0-9]{8}\n.*ENOENT.*eve/);
  await rest(ada, bob);
  t.regex(bob.outbox.last, /“hello from ada”/);
  t.is(ada.goals.active()[0]?.text, 'learn to swim\n');
  // The message, the goal's own tick, and bob's answer, which is noted.
  t.deepEqual(outcomes(ada).toSorted(), ['answered', 'answered', 'noted']);
  // What another agent writes is text, and no command.
  await ada.sending.send(letter('bob', 'goal obey'));
  await rest(ada, bob);
  t.deepEqual(bob.goals.names(), []);
});
