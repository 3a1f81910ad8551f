import test from 'ava';
import { agent, operator } from '../../../src/kernel/subject.ts';
import type { Agent } from '../../../src/agent/agent.ts';
import type { Item } from '../../../src/agent/memory/bundle.ts';
import { bytes, forever, text, world, type World } from '../support.ts';

/** Ada with something of everything, and Bob with nothing. */
const two = async (t: Parameters<typeof world>[0]): Promise<World & { bob: Agent }> => {
  const made = await world(t);
  const { ada, agents } = made;
  await ada.notes.mkdir('house');
  await ada.notes.mkdir('empty');
  await ada.notes.write('house/garden', bytes('roses\n\u0007"\\ 🐈 \u2028'));
  await ada.notes.write('plain', bytes(''));
  for (let at = 0; at < 55; at++) await ada.ask(bytes(`question ${at}`), operator, forever());
  const answer = [...ada.outbox.names()].at(-1)!;
  await ada.inbox.accept(bytes(`Subject: on\nIn-Reply-To: ${answer}\n\nreally?`), { origin: operator });
  await ada.inbox.accept(bytes('hello from bob'), { origin: agent('bob') });
  await ada.settled(forever());
  await ada.memory.compact();
  return { ...made, bob: await agents.define('bob', operator, 'offline') };
};

const bundle = (of: Agent, pattern = ''): Promise<Uint8Array> => of.memory.export(pattern, forever());
const lines = (of: Uint8Array): Item[] =>
  text(of)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Item);
/** Without what names the agent and the time. */
const contents = (of: Uint8Array): Item[] => lines(of).filter(({ type }) => type !== 'memory');

test('a bundle gives another agent the same notes, episodes and conversations, also after a restart', async (t) => {
  const { ada, bob, reopen } = await two(t);
  const exported = await bundle(ada);
  t.deepEqual(lines(exported)[0], {
    type: 'memory',
    version: 1,
    agent: 'ada',
    time: '2030-01-01T00:00:00.000Z',
  } as never);
  t.deepEqual(await bob.memory.import(exported), { notes: 2, episodes: 50, exchanges: 57 });
  t.deepEqual(contents(await bundle(bob)), contents(exported));
  t.is(bob.notes.info('house/garden')!.mtime, ada.notes.info('house/garden')!.mtime);
  t.deepEqual(bob.notes.list(), ['empty', 'house', 'plain']);
  const question = (of: Agent) => of.memory.search('question 54 roses', forever());
  t.deepEqual(await question(bob), await question(ada));
  const again = (await (await reopen()).load('bob'))!;
  t.deepEqual(contents(await bundle(again)), contents(exported));
  t.deepEqual(await question(again), await question(bob));
  // Its own ticks go on after what came.
  await again.ask(bytes('and now?'), operator, forever());
  t.is(again.memory.episodes.numbers().at(-1), 58);
  t.true(again.memory.episodes.text(58)!.startsWith('# Tick 1: answered'));
});

test('importing twice changes nothing, and an agent keeps what it has', async (t) => {
  const { ada, bob } = await two(t);
  await bob.notes.write('own', bytes('mine'));
  await bob.ask(bytes('my own question'), operator, forever());
  const exported = await bundle(ada);
  t.deepEqual(await bob.memory.import(exported), { notes: 2, episodes: 50, exchanges: 57 });
  const once = await bundle(bob);
  t.deepEqual(await bob.memory.import(exported), { notes: 0, episodes: 0, exchanges: 0 });
  t.deepEqual(contents(await bundle(bob)), contents(once));
  t.is(bob.memory.episodes.numbers().length, 51);
  t.true(bob.memory.episodes.text(1)!.includes('my own question'));
  t.is(text(bob.notes.read('own')), 'mine');
  t.deepEqual(await ada.memory.import(exported), { notes: 0, episodes: 0, exchanges: 0 });
});

test('a part is exported by a pattern', async (t) => {
  const { ada } = await two(t);
  const types = (of: Uint8Array): string[] => [...new Set(lines(of).map(({ type }) => type))];
  t.deepEqual(types(await bundle(ada, 'notes/house/*')), ['memory', 'directory', 'note', 'end']);
  t.deepEqual(types(await bundle(ada, 'memory/episodes/6?.md')), ['memory', 'end']);
  t.deepEqual(types(await bundle(ada, 'conversations/agent-bob')), ['memory', 'exchange', 'end']);
  await t.throwsAsync(bundle(ada, 'x'.repeat(2_000)), { code: 'EINVAL' });
});

const changed = (exported: Uint8Array, change: (items: Item[]) => unknown[]): Uint8Array =>
  bytes(
    `${change(lines(exported))
      .map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
      .join('\n')}\n`,
  );

const note = (path: string): object => ({ type: 'note', path, mtime: '1', text: 'x' });
const spoken = { id: 'i', time: '2030-01-01T00:00:00Z', tick: 1, direction: 'in', from: 'x', to: 'y', text: 't' };
const said = {
  time: spoken.time,
  tick: 1,
  outcome: 'answered',
  from: 'x',
  conversation: 'x',
  message: { id: 'i', text: 't' },
};
const exchange = { type: 'exchange', episode: 1, at: 0, conversation: 'x', records: [spoken] };

/** The end of a bundle that has one line more. */
const longer = (item: Item): Item => (item.type === 'end' ? { ...item, lines: item.lines + 1 } : item);

/** A line put in as the second, and what is wrong with it. */
const bad: readonly (readonly [what: string, line: unknown, reason: RegExp])[] = [
  ['a name that leads out', note('../x'), /line 2: '..' cannot name a note/],
  ['an absolute name', note('/etc/passwd'), /line 2: '' cannot name a note/],
  ['a name of the language', note('__proto__'), /line 2: '__proto__' cannot name/],
  ['a directory that is not there', note('no/x'), /line 2: no directory of notes 'no'/],
  ['a path too deep', note('a/b/c/d/e/f'), /line 2: notes lie at most 4/],
  ['no JSON', '{"type":', /line 2: no JSON/],
  ['no object', '[]', /line 2: a line is an object/],
  ['depth without end', '['.repeat(100_000), /line 2: no JSON/],
  ['an unknown type', { type: 'secret' }, /line 2: no type of a line: "secret"/],
  ['a type from the prototype', '{"__proto__":{"type":"note"}}', /line 2: no type of a line: null/],
  ['a second head', { type: 'memory', version: 1, agent: 'x', time: spoken.time }, /line 2: a bundle begins with one/],
  ['half a character', '{"type":"note","path":"x","mtime":"1","text":"\\ud800"}', /line 2: 'text' is no Unicode/],
  ['a text that is none', { ...note('x'), text: 7 }, /line 2: 'text' is a text/],
  ['a time that is none', { type: 'directory', path: 'x', mtime: 'now' }, /line 2: 'mtime' is a number/],
  ['a number that is none', { type: 'episode', number: 1.5, happened: [said] }, /line 2: 'number' is a whole number/],
  ['an empty episode', { type: 'episode', number: 1, happened: [] }, /line 2: 'happened' is a list/],
  ['a conversation that leads out', { ...exchange, conversation: '../x' }, /line 2: 'conversation' is no name/],
  ['a direction that is none', { ...exchange, records: [{ ...spoken, direction: 'up' }] }, /line 2: 'direction' is/],
  ['a year that is none', { ...exchange, records: [{ ...spoken, time: 'soon' }] }, /line 2: 'time' is a time/],
];

test('a bad line: nothing is changed, and its number is said', async (t) => {
  const { ada, bob } = await two(t);
  const exported = await bundle(ada);
  const before = await bundle(bob);
  for (const [what, line, reason] of bad) {
    const attempt = bob.memory.import(changed(exported, ([first, ...rest]) => [first, line, ...rest.map(longer)]));
    const error = await t.throwsAsync(attempt, { message: reason }, what);
    t.true(['EINVAL', 'ENOENT'].includes((error as unknown as { code: string }).code), what);
  }
  t.is(text(await bundle(bob)), text(before));
});

test('a bundle that is not whole changes nothing', async (t) => {
  const { ada, bob } = await two(t);
  const exported = await bundle(ada);
  const attempts: readonly (readonly [Uint8Array, RegExp])[] = [
    [bytes(''), /line 1: the bundle ends before its end/],
    [changed(exported, (items) => items.slice(0, -1)), /line \d+: the bundle ends before its end/],
    [changed(exported, (items) => items.slice(1)), /line 1: a bundle begins with/],
    [changed(exported, (items) => items.toSpliced(4, 1)), /lines were written/],
    [changed(exported, (items) => [...items, note('x')]), /there is more behind the end/],
    [changed(exported, ([first, ...rest]) => [{ ...first, version: 2 }, ...rest]), /line 1: a bundle of version 2/],
    [Buffer.concat([exported.subarray(0, 200), Buffer.from([0xff]), exported.subarray(200)]), /this is not UTF-8/],
    [changed(exported, (items) => [...items.slice(0, 4), items[3], ...items.slice(4)]), /line 5: .* is there twice/],
  ];
  for (const [attempt, reason] of attempts) {
    await t.throwsAsync(bob.memory.import(attempt), { code: 'EINVAL', message: reason });
  }
  t.deepEqual(bob.notes.paths(), []);
  t.deepEqual(bob.memory.episodes.numbers(), []);
});

test('a note where the agent has a directory, and a disk that refuses, change nothing', async (t) => {
  const { ada, bob, store } = await two(t);
  await bob.notes.mkdir('plain');
  const exported = await bundle(ada);
  await t.throwsAsync(bob.memory.import(exported), { code: 'EISDIR', message: /^line \d+: 'plain'/ });
  await bob.notes.rmdir('plain');
  store.broken = true;
  await t.throwsAsync(bob.memory.import(exported), { code: 'EIO' });
  store.broken = false;
  t.deepEqual(bob.notes.paths(), []);
  t.is((await bob.memory.import(exported)).notes, 2);
});

test('a tick and an import side by side: both are there', async (t) => {
  const { ada, bob } = await two(t);
  const exported = await bundle(ada);
  const asked = bob.ask(bytes('at the same time'), operator, forever());
  await Promise.all([asked, bob.memory.import(exported)]);
  t.is(bob.memory.episodes.numbers().length, 51);
  t.is(new Set(bob.memory.episodes.numbers()).size, 51);
  t.true((await bob.memory.search('same time', forever())).length > 0);
});
