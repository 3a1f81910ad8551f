import test from 'ava';
import { Corpus } from '../../../src/agent/memory/corpus.ts';
import { Indexes } from '../../../src/agent/memory/indexes.ts';
import { forever } from '../support.ts';

const corpus = (size: number): Corpus =>
  new Corpus({ ids: () => ['n:a'], document: () => ({ text: `word ${'x'.repeat(size - 5)}`, time: 0 }) });

test('where all indexes are too large together, the one asked longest ago goes and is made anew when it is asked', async (t) => {
  const indexes = new Indexes(250, 1);
  const [a, b, c] = [corpus(100), corpus(100), corpus(100)];
  for (const [id, each] of [a, b, c].entries()) {
    await each.search('word', forever());
    indexes.touch(id, each);
    if (id === 1) indexes.touch(0, a);
  }
  t.deepEqual([a.size, b.size, c.size], [100, 0, 100]);
  t.is((await b.search('word', forever())).length, 1);
  indexes.touch(1, b);
  t.deepEqual([a.size, b.size, c.size], [0, 100, 100]);
});

test('one that is too large alone stays, and one that somebody waits for too', async (t) => {
  const indexes = new Indexes(250, 1);
  const [a, b] = [corpus(300), corpus(100)];
  await a.search('word', forever());
  indexes.touch(0, a);
  t.is(a.size, 300);
  const searching = a.search('word', forever());
  await b.search('word', forever());
  indexes.touch(1, b);
  t.is((await searching).length, 1);
});
