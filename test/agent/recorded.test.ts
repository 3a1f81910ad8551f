import test, { type ExecutionContext } from 'ava';
import { agent, operator } from '../../src/kernel/subject.ts';
import type { Agent } from '../../src/agent/agent.ts';
import { join } from '../../src/agent/parts.ts';
import { bytes, forever, records, world } from './support.ts';

// What a tick is given is in the trajectory, so that a copy of it can be run again.

const types = async (ada: Agent, ...wanted: string[]): Promise<Record<string, unknown>[]> =>
  [...join(await records(ada.trajectory.journal))].filter(({ type }) => wanted.includes(String(type)));

const settle = async (t: ExecutionContext, ada: Agent): Promise<void> => {
  t.is(await ada.settled(forever()), 'idle');
};

test('a message is recorded whole when it comes in, before the tick that takes it', async (t) => {
  const { ada } = await world(t);
  const body = `Subject: long\n\n${'é"\n'.repeat(60_000)}`;
  const id = await ada.inbox.accept(bytes(body), { origin: agent('bob'), name: 'first' });
  await settle(t, ada);
  const [message, wake] = await types(ada, 'message', 'phase');
  t.like(message, { message: id, name: 'first', named: true, from: agent('bob'), subject: 'long' });
  t.true(String(message!['document']).endsWith(body.slice(body.indexOf('\n\n'))));
  t.is(wake!['phase'], 'WAKE');
});

test('what is discarded, asked for and stopped is recorded', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), { origin: operator, name: 'one' });
  await model.called();
  const two = await ada.inbox.accept(bytes('two'), { origin: operator, name: 'two' });
  await ada.inbox.discard('two');
  await ada.tick('why not', operator);
  await ada.jobs.cancelAll('enough');
  await ada.jobs.cancelAll('enough, I said');
  await settle(t, ada);
  const [discarded, requested, abort, ...more] = await types(ada, 'discarded', 'requested', 'abort');
  t.like(discarded, { type: 'discarded', message: two });
  t.like(requested, { type: 'requested', reason: 'why not', by: 'operator' });
  t.like(abort, { type: 'abort', code: 'ECANCELED', reason: 'enough' });
  t.deepEqual(more, []);
});

test('a call of the model that fails is recorded with what a retry depends on', async (t) => {
  const { ada, model, clock } = await world(t, 'scripted');
  await ada.inbox.accept(bytes('one'), { origin: operator });
  await model.fail(true);
  await new Promise(setImmediate);
  clock.advance(1_000);
  await model.answer('yes\n');
  await settle(t, ada);
  const [failed, good] = await types(ada, 'model');
  t.like(failed, { error: { code: 'EHOSTUNREACH', reason: 'no answer', retryable: true } });
  t.like(good, { text: 'yes\n', messages: [{ role: 'user', text: 'one' }] });
  t.is(failed!['prompt'], good!['prompt']);
});

test('a text that is perceived is written down once, also over a restart, and again when it changed', async (t) => {
  const { ada, reopen } = await world(t);
  const ask = async (who: Agent): Promise<void> => {
    await who.inbox.accept(bytes('?'), { origin: operator });
    await settle(t, who);
  };
  await ada.notes.write('a', bytes('one'));
  await ask(ada);
  await ask(ada);
  const again = (await (await reopen()).load('ada'))!;
  await ask(again);
  await again.notes.write('a', bytes('two'));
  await ask(again);
  const texts = (await types(again, 'perceived')).filter(({ path }) => path === 'memory/notes/a');
  t.deepEqual(
    texts.map(({ path, text }) => [path, text]),
    [
      ['memory/notes/a', 'one'],
      ['memory/notes/a', 'two'],
    ],
  );
  const shown = (await types(again, 'phase'))
    .filter(({ phase }) => phase === 'PERCEIVE')
    .map((record) => (record['texts'] as string[]).at(-1));
  const [one, two] = texts.map(({ digest }) => digest);
  t.deepEqual(shown, [one, one, one, two]);
});

test('a message whose record a crash took is recorded by the tick that takes it', async (t) => {
  const { agents, store, reopen } = await world(t);
  const bob = await agents.define('bob', operator, 'offline');
  await bob.pause(operator);
  const { operations, apply } = bob.inbox.offer(bytes('from ada'), { origin: agent('ada') });
  await store.inner.batch(operations);
  store.dead = true;
  apply();
  const again = await reopen();
  const second = (await again.load('bob'))!;
  t.deepEqual(await types(second, 'message'), []);
  await second.resume(operator);
  await settle(t, second);
  const [message, wake] = await types(second, 'message', 'phase');
  t.like(message, { from: agent('ada') });
  t.is(wake!['phase'], 'WAKE');
});
