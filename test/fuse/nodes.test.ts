import test from 'ava';
import { Nodes } from '../../src/fuse/nodes.ts';

const learnt = (nodes: Nodes, qid: number, fid: number, name: string, same: boolean) =>
  nodes.learn(qid, fid, 1, name, () => same);

test('a number that names another node now is another node to the kernel', (t) => {
  const nodes = new Nodes();
  nodes.root(7);
  const old = learnt(nodes, 9, 101, 'a', true).known;
  const fresh = learnt(nodes, 9, 102, 'a', false);
  t.not(fresh.known.id, old.id);
  t.is(fresh.spare, undefined);
  t.is(nodes.fid(old.id), 101);
  t.is(nodes.byQid(9), fresh.known);
  t.is(nodes.forget(old.id, 1), 101);
  t.is(nodes.byQid(9), fresh.known, 'the old one does not take the number with it');
  t.is(nodes.forget(fresh.known.id, 1), 102);
  t.is(nodes.byQid(9), undefined);
});

test('one node found again, and found elsewhere', (t) => {
  const nodes = new Nodes();
  nodes.root(7);
  const { known } = learnt(nodes, 9, 101, 'a', true);
  t.deepEqual(learnt(nodes, 9, 102, 'a', true), { known, spare: 102 });
  t.deepEqual(learnt(nodes, 9, 103, 'b', true), { known, spare: 101 });
  t.is(nodes.fid(known.id), 103);
  t.is(nodes.forget(known.id, 2), undefined);
  t.is(nodes.forget(known.id, 1), 103);
});
