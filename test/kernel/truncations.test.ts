import test from 'ava';
import type { Open } from '../../src/kernel/fid.ts';
import { O_WRONLY } from '../../src/kernel/mode.ts';
import { Truncations } from '../../src/kernel/truncations.ts';
import { MemoryFile } from '../support/nodes.ts';

const made = () => {
  const clock = { now: 0 };
  return { clock, truncations: new Truncations(() => clock.now) };
};

const opening = (): Open => ({ flags: O_WRONLY, node: new MemoryFile(''), handle: undefined, entries: undefined });

test('the newest open for writing of a node is found until it is closed', (t) => {
  const { truncations } = made();
  const [first, second, other] = [opening(), opening(), opening()];
  truncations.add(1, first);
  truncations.add(1, second);
  truncations.add(2, other);
  t.is(truncations.open(1), second);
  truncations.delete(second);
  t.is(truncations.open(1), first);
  truncations.delete(first);
  truncations.delete(first);
  t.is(truncations.open(1), undefined);
  t.is(truncations.open(2), other);
});

test('a mark is taken once, of its own node, and not after five seconds', (t) => {
  const { truncations, clock } = made();
  truncations.mark(1);
  t.false(truncations.take(2));
  t.true(truncations.take(1));
  t.false(truncations.take(1));
  truncations.mark(1);
  clock.now += 4999;
  t.true(truncations.take(1));
  truncations.mark(1);
  clock.now += 5000;
  t.false(truncations.take(1));
});

test('64 marks are kept, the oldest go', (t) => {
  const { truncations } = made();
  for (let qid = 1; qid <= 65; qid++) truncations.mark(qid);
  t.false(truncations.take(1));
  t.true(truncations.take(2));
  t.true(truncations.take(65));
});
