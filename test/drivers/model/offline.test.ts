import test from 'ava';
import { Models } from '../../../src/drivers/model/model.ts';
import { Offline } from '../../../src/drivers/model/offline.ts';

const turn = async (text: string, paths: string[] = [], signal = new AbortController().signal) => {
  const pieces: string[] = [];
  const perceived = paths.map((path) => ({ kind: 'memory', path, text: '' }) as const);
  const reply = await new Offline().turn({
    system: '',
    messages: [{ role: 'user', text }],
    origin: 'operator',
    tools: [],
    perceived,
    signal,
    onText: (piece) => pieces.push(piece),
  });
  return { ...reply, pieces };
};

test('the answer is one paragraph that quotes the message once and names each memory once', async (t) => {
  const { text } = await turn('what is\n\nup? ', ['memory/notes/a', 'memory/notes/b', 'memory/notes/a']);
  t.is(text.trimEnd().split('\n').length, 1);
  t.true(text.endsWith('\n'));
  t.is(text.split('what is up?').length, 2);
  t.is(text.split('memory/notes/a').length, 2);
  t.true(text.includes('memory/notes/b'));
});

test('it is deterministic, and what is streamed is the answer', async (t) => {
  const first = await turn('hello');
  t.deepEqual(first, await turn('hello'));
  t.is(first.pieces.join(''), first.text);
  t.true(first.pieces.length > 5);
});

test('a long message does not flood whoever listens', async (t) => {
  const { pieces, text } = await turn('word '.repeat(20_000));
  t.true(pieces.length <= 8);
  t.is(pieces.join(''), text);
});

test('an aborted turn rejects with the reason', async (t) => {
  const reason = new Error('enough');
  await t.throwsAsync(turn('hello', [], AbortSignal.abort(reason)), { is: reason });
});

test('it says what it is, and an unknown model is EINVAL naming what there is', (t) => {
  const models = new Models(new Offline());
  t.false(models.get('offline').real);
  t.is(models.first.name, 'offline');
  t.throws(() => models.get('gpt'), { code: 'EINVAL', message: /offline/ });
});
