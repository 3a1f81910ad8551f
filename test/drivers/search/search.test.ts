import test from 'ava';
import { TextIndex } from '../../../src/drivers/search/search.ts';
import { termsOf } from '../../../src/drivers/search/terms.ts';

const want = (...terms: string[]) => terms.map((term) => ({ term, weight: 1 }));

test('words are letters and digits of any script, in lower case; without spaces between, each character is one', (t) => {
  t.deepEqual(termsOf('Tea, at FIVE o_clock; <b>tea</b>!'), ['tea', 'at', 'five', 'o', 'clock', 'b', 'tea', 'b']);
  t.deepEqual(termsOf('Ärger über ﬁsch'), ['ärger', 'über', 'fisch']);
  t.deepEqual(termsOf('猫が好き'), ['猫', 'が', '好', 'き']);
  t.deepEqual(termsOf('a b c', 2), ['a', 'b']);
  t.deepEqual(termsOf('x'.repeat(100)), ['x'.repeat(40)]);
  t.deepEqual(termsOf('__proto__ constructor'), ['proto', 'constructor']);
});

test('what has more of the words, and rarer ones, comes first; of one score by id', (t) => {
  const index = new TextIndex();
  index.set('a', 'tea and milk');
  index.set('b', 'tea and sugar');
  index.set('c', 'tea and sugar');
  index.set('d', 'coffee');
  t.deepEqual(
    index.search(want('sugar', 'tea')).map(({ id }) => id),
    ['b', 'c', 'a'],
  );
  t.deepEqual(index.search(want('milk'))[0]!.terms, ['milk']);
  t.deepEqual(index.search([]), []);
  t.deepEqual([index.count('tea'), index.count('nothing'), index.length], [3, 0, 4]);
});

test('the same documents give the same answer, whatever came and went before', (t) => {
  const texts = Array.from(
    { length: 60 },
    (_, at) => `word${at % 7} and word${at % 11} of ${'long '.repeat(at % 5)}text`,
  );
  const straight = new TextIndex();
  for (const [at, text] of texts.entries()) straight.set(`d${at}`, text);
  const winding = new TextIndex();
  for (const [at] of texts.entries()) winding.set(`d${at}`, `something else ${at} word1`);
  for (const [at] of texts.entries()) if (at % 3 === 0) winding.delete(`d${at}`);
  for (const [at, text] of [...texts.entries()].reverse()) winding.set(`d${at}`, text);
  for (const query of [want('word1'), want('word3', 'word4'), want('long', 'text', 'word10')]) {
    t.deepEqual(winding.search(query), straight.search(query));
  }
  t.deepEqual([...winding.vocabulary()].sort(), [...straight.vocabulary()].sort());
  t.is(winding.size, straight.size);
});

test('names of the language are words like others, and an empty document is none', (t) => {
  const index = new TextIndex();
  index.set('a', 'constructor toString hasOwnProperty');
  index.set('__proto__', 'valueOf proto');
  index.set('empty', ' ... ');
  t.deepEqual(
    index
      .search(want('proto', 'constructor'))
      .map(({ id }) => id)
      .sort(),
    ['__proto__', 'a'],
  );
  for (const id of ['a', '__proto__', 'empty']) index.delete(id);
  t.deepEqual([index.length, index.size, [...index.vocabulary()]], [0, 0, []]);
});
