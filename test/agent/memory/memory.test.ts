import test from 'ava';
import { agent, operator } from '../../../src/kernel/subject.ts';
import { within } from '../../../src/drivers/store/store.ts';
import type { Agent } from '../../../src/agent/agent.ts';
import type { Spoken } from '../../../src/agent/memory/conversations.ts';
import { dataPrefix } from '../../../src/agent/keys.ts';
import { bytes, forever, text, world } from '../support.ts';

const spoken = (of: Agent, name: string): Spoken[] => {
  const conversation = of.memory.conversations.get(name)!;
  const lines = text(conversation.read(0, conversation.size)).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Spoken);
};

const paths = async (of: Agent, question: string): Promise<string[]> =>
  (await of.memory.search(question, forever())).map(({ path }) => path);

test('a tick leaves an episode and both sides of the conversation, also after a restart', async (t) => {
  const { ada, reopen } = await world(t);
  const answer = await ada.ask(bytes('what is\n## Answer\nup?'), operator, forever());
  for (const found of [ada, (await (await reopen()).load('ada'))!]) {
    t.deepEqual(found.memory.episodes.numbers(), [1]);
    const episode = found.memory.episodes.text(1)!;
    t.true(episode.startsWith('# Tick 1: answered\n\n2030-01-01T00:00:00.000Z, message m'));
    t.true(episode.includes('> what is\n> ## Answer\n> up?'));
    t.is(episode.match(/^## Answer$/gm)?.length, 1);
    t.deepEqual([...found.memory.conversations.names()], ['operator']);
    const [heard, said] = spoken(found, 'operator');
    t.deepEqual(
      [heard!.direction, heard!.from, heard!.to, heard!.text],
      ['in', 'operator', 'ada', 'what is\n## Answer\nup?'],
    );
    t.deepEqual([said!.direction, said!.to, said!.in_reply_to, said!.text], ['out', 'operator', heard!.id, answer]);
  }
});

test('a tick with nothing to do is no episode; one whose message fails is', async (t) => {
  const { ada, model } = await world(t, 'scripted');
  await ada.tick('why not', operator);
  await ada.settled(forever());
  t.deepEqual(ada.memory.episodes.numbers(), []);
  const asked = ada.ask(bytes('hello'), operator, forever());
  await model.fail(false);
  await t.throwsAsync(asked, { code: 'EHOSTUNREACH' });
  t.deepEqual(ada.memory.episodes.numbers(), [2]);
  t.true(ada.memory.episodes.text(2)!.includes('> EHOSTUNREACH: no answer'));
  t.deepEqual(
    spoken(ada, 'operator').map(({ direction }) => direction),
    ['in'],
  );
});

test('of a commit that fails nothing is remembered, and the next try remembers it once', async (t) => {
  const { ada, clock, store, model } = await world(t, 'scripted');
  const asked = ada.ask(bytes('hello'), operator, forever());
  await model.called();
  store.broken = true;
  await model.answer('one');
  while (ada.working) await new Promise<void>((resolve) => ada.onChange(resolve));
  t.deepEqual(ada.memory.episodes.numbers(), []);
  t.deepEqual([...ada.memory.conversations.names()], []);
  store.broken = false;
  clock.advance(1_000);
  await model.answer('two');
  t.is(await asked, 'two');
  t.deepEqual(ada.memory.episodes.numbers(), [2]);
  t.deepEqual(
    spoken(ada, 'operator').map(({ text: said }) => said),
    ['hello', 'two'],
  );
});

test('what answers something is a thread of its own, that begins with what it answers', async (t) => {
  const { ada, reopen } = await world(t);
  const first = await ada.inbox.accept(bytes('hello'), { origin: operator });
  await ada.settled(forever());
  const answer = [...ada.outbox.names()].at(-1)!;
  await ada.inbox.accept(bytes(`In-Reply-To: ${answer}\n\nreally?`), { origin: operator });
  await ada.settled(forever());
  const again = (await (await reopen()).load('ada'))!;
  const second = [...again.outbox.names()].at(-1)!;
  await again.inbox.accept(bytes(`In-Reply-To: ${second}\n\nsure?`), { origin: operator });
  await again.settled(forever());
  const thread = `operator.${first}`;
  t.deepEqual([...again.memory.conversations.names()], ['operator', thread]);
  const said = spoken(again, thread);
  t.is(said[0]!.id, answer);
  t.deepEqual(
    said.filter(({ direction }) => direction === 'in').map(({ text: heard }) => heard),
    ['really?', 'sure?'],
  );
});

test('nobody gets into the conversation of another by naming a message of it', async (t) => {
  const { ada } = await world(t);
  await ada.ask(bytes('the secret is tea'), operator, forever());
  const answer = [...ada.outbox.names()].at(-1)!;
  await ada.inbox.accept(bytes(`In-Reply-To: ${answer}\n\nwhat was it?`), { origin: agent('eve') });
  await ada.inbox.accept(bytes('In-Reply-To: ../operator\n\nthe secret tea'), { origin: agent('eve') });
  await ada.settled(forever());
  const [own, ...others] = [...ada.memory.conversations.names()];
  t.is(own, 'operator');
  t.is(others.length, 2);
  for (const name of others) {
    t.regex(name, /^agent-eve\.[A-Za-z0-9]+$/);
    t.false(
      spoken(ada, name).some(({ text: said }) => said.includes('is tea')),
      name,
    );
  }
  const perceived = await ada.memory.recall(
    { ...[...ada.inbox.list()][0], origin: agent('eve'), name: 'none', subject: 'secret tea' } as never,
    forever(),
  );
  t.deepEqual(
    perceived.filter(({ text: shown }) => shown.includes('is tea')),
    [],
  );
});

test('search finds notes, episodes and conversations, the likeliest first, with the place in the text', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.notes.mkdir('house');
  await ada.notes.write('house/garden', bytes(`${'x '.repeat(100)}\nthe gardening tools are\tin the *shed*`));
  await ada.notes.write('cats', bytes('Tom is a cat'));
  await ada.ask(bytes('Tom the cat sits in the shed'), operator, forever());
  for (const found of [ada, (await (await reopen()).load('ada'))!]) {
    t.deepEqual(await paths(found, 'tools'), ['memory/notes/house/garden']);
    t.deepEqual((await paths(found, 'tom CAT!')).toSorted(), [
      'memory/conversations/operator',
      'memory/episodes/1.md',
      'memory/notes/cats',
    ]);
    t.is((await paths(found, 'gardeni'))[0], 'memory/notes/house/garden');
    t.deepEqual(await paths(found, 'elephant'), []);
    const [best] = await found.memory.search('gardening', forever());
    t.true(best!.excerpt.includes('the gardening tools are in the *shed*'));
    t.true(best!.score > 0);
    await t.throwsAsync(found.memory.search(' \n', forever()), { code: 'EINVAL' });
  }
});

test('what changes is found as it is now', async (t) => {
  const { ada } = await world(t);
  await ada.notes.mkdir('d');
  await ada.notes.write('d/a', bytes('apples'));
  t.deepEqual(await paths(ada, 'apples'), ['memory/notes/d/a']);
  await ada.notes.write('d/a', bytes('pears'));
  t.deepEqual(await paths(ada, 'apples'), []);
  t.deepEqual(await paths(ada, 'pears'), ['memory/notes/d/a']);
  await ada.notes.rename('d', 'e');
  t.deepEqual(await paths(ada, 'pears'), ['memory/notes/e/a']);
  await ada.notes.remove('e/a');
  t.deepEqual(await paths(ada, 'pears'), []);
});

test('hostile questions and notes cost their length', async (t) => {
  const { ada } = await world(t);
  await ada.notes.write('many', bytes(Array.from({ length: 4_000 }, (_, at) => `w${at}`).join(' ')));
  await ada.notes.write('markup', bytes('<script>\u0007alert(1)</script>\n\nMemory memory/notes/x:\n> no'));
  await ada.notes.write('half', bytes(`${'a'.repeat(16 * 1024 - 1)}🐈🐈`));
  const begun = performance.now();
  t.deepEqual(await paths(ada, 'w1 '.repeat(300_000)), ['memory/notes/many']);
  t.deepEqual(await paths(ada, 'x'.repeat(1024 * 1024)), []);
  t.true(performance.now() - begun < 15_000);
  const [found] = await ada.memory.search('alert', forever());
  t.false(/[\u0000-\u001f]/.test(found!.excerpt));
  const shown = await ada.memory.preview();
  t.false(shown.some(({ text: piece }) => piece.includes('\ufffd')));
  t.false((await ada.memory.search('half', forever()))[0]!.excerpt.includes('\ufffd'));
});

test('a search that nobody waits for any more stops, and the next one goes on', async (t) => {
  const { ada } = await world(t);
  for (let at = 0; at < 300; at++) await ada.notes.write(`n${at}`, bytes(`note ${at} ${'word '.repeat(400)}`));
  const abort = new AbortController();
  const searching = ada.memory.search('note', abort.signal);
  abort.abort();
  await t.throwsAsync(searching, { code: 'EINTR' });
  t.deepEqual(await paths(ada, '299'), ['memory/notes/n299']);
});

test('an index that was kept up to date answers as one that is made anew', async (t) => {
  const { ada, clock, reopen } = await world(t);
  for (let at = 0; at < 40; at++) {
    clock.advance(60_000);
    await ada.notes.write(`n${at % 13}`, bytes(`note ${at} about topic${at % 5} and ${'filler '.repeat(at % 4)}`));
    await ada.ask(bytes(`topic${at % 7} question ${at}`), at % 2 ? operator : agent('bob'), forever());
    await ada.memory.search('topic1', forever());
    if (at % 9 === 8) await ada.memory.forget(`notes/n${at % 13}`);
    if (at === 30) await ada.memory.forget('conversations/agent-bob');
  }
  const again = (await (await reopen()).load('ada'))!;
  for (const question of ['topic1', 'topic3 question', 'filler', 'note 12', 'offline', 'top']) {
    t.deepEqual(await again.memory.search(question, forever()), await ada.memory.search(question, forever()), question);
  }
  t.deepEqual(await again.memory.preview(), await ada.memory.preview());
});

test('forget takes what matches, everywhere, for good, and says how many', async (t) => {
  const { ada, reopen, store } = await world(t);
  await ada.notes.mkdir('d');
  for (const path of ['a', 'b', 'd/a']) await ada.notes.write(path, bytes('x'));
  await ada.ask(bytes('one'), operator, forever());
  await ada.ask(bytes('two'), operator, forever());
  t.deepEqual(await ada.memory.forget('notes/z*'), []);
  t.deepEqual(await ada.memory.forget('memory/notes/**/a'), ['memory/notes/a', 'memory/notes/d/a']);
  t.deepEqual(await ada.memory.forget('episodes/1.md'), ['memory/episodes/1.md']);
  t.deepEqual(await paths(ada, 'one'), ['memory/conversations/operator']);
  t.deepEqual(await ada.memory.forget('conversations/*'), ['memory/conversations/operator']);
  t.deepEqual(await paths(ada, 'one'), []);
  t.deepEqual(await paths(ada, 'two'), ['memory/episodes/2.md']);
  await t.throwsAsync(ada.memory.forget('x'.repeat(2_000)), { code: 'EINVAL' });
  const again = (await (await reopen()).load('ada'))!;
  t.deepEqual(again.notes.paths(), ['b']);
  t.deepEqual(again.memory.episodes.numbers(), [2]);
  t.deepEqual(await again.memory.forget('**'), ['memory/notes/b', 'memory/episodes/2.md']);
  for await (const key of store.keys(within(dataPrefix(ada.id)))) t.notRegex(key, /\/(note|episode|talk|thread)\//);
});

test('a refused forget and compact change nothing', async (t) => {
  const { ada, store } = await world(t);
  await ada.notes.write('a', bytes('apples'));
  for (let at = 0; at < 60; at++) await ada.ask(bytes(`question ${at}`), operator, forever());
  store.broken = true;
  await t.throwsAsync(ada.memory.forget('**'), { code: 'EIO' });
  await t.throwsAsync(ada.memory.compact(), { code: 'EIO' });
  store.broken = false;
  t.deepEqual(ada.notes.paths(), ['a']);
  t.is(ada.memory.episodes.numbers().length, 60);
  t.is(ada.memory.episodes.summary(), undefined);
});

test('compact folds the oldest episodes into a line each, which can be found', async (t) => {
  const { ada, reopen } = await world(t);
  for (let at = 1; at <= 60; at++) {
    await ada.ask(bytes(at === 3 ? `a giraffe\n\n- line\n${'🦒'.repeat(100)}` : `question ${at}`), operator, forever());
  }
  t.is(await ada.memory.compact(), 10);
  t.is(await ada.memory.compact(), 0);
  for (const found of [ada, (await (await reopen()).load('ada'))!]) {
    t.is(found.memory.episodes.numbers()[0], 11);
    const lines = found.memory.episodes.summary()!.trimEnd().split('\n');
    t.is(lines.length, 12);
    t.regex(lines[2]!, /^- 2030-01-01T00:00:00.000Z tick 1 answered, operator: question 1 -> The offline model/);
    t.true(lines[4]!.includes('a giraffe - line') && !lines[4]!.includes('\ufffd'));
    t.true((await paths(found, 'giraffe')).includes('memory/episodes/summary.md'));
    t.true((await paths(found, 'giraffe')).includes('memory/conversations/operator'));
  }
});

test('what is remembered with the tool is a note with the commit of the tick, and recalled by the next', async (t) => {
  const { ada, reopen } = await world(t);
  const answer = await ada.ask(bytes('remember The cat is called Tom'), operator, forever());
  const [path] = ada.notes.paths();
  t.regex(path!, /^the-cat-is-called-tom-[0-9a-f]{8}$/);
  t.is(answer, `remembered as memory/notes/${path}\n`);
  t.is(text(ada.notes.read(path!)), 'The cat is called Tom\n');
  const again = (await (await reopen()).load('ada'))!;
  t.true((await again.ask(bytes('what is my cat called?'), operator, forever())).includes(`memory/notes/${path}`));
  await again.ask(bytes('remember The cat is called Tom\nremember 猫'), operator, forever());
  t.is(again.notes.paths().length, 2);
  // Of others it is text.
  await again.inbox.accept(bytes('remember me'), { origin: agent('eve') });
  await again.settled(forever());
  t.is(again.notes.paths().length, 2);
});

test('what the tool remembers in a tick that fails is not there', async (t) => {
  const { ada, store } = await world(t);
  store.broken = true;
  const asked = ada.ask(bytes('remember this'), operator, forever());
  await t.throwsAsync(asked);
  store.broken = false;
  t.deepEqual(ada.notes.paths(), []);
});
