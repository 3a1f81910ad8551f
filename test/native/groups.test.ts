import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { groupsOf, ownGroups } from '../../src/native/groups.ts';

test('of a process, as it is when first asked; of none, none', async (t) => {
  const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  const groups = groupsOf(child.pid!);
  t.deepEqual(groups(), ownGroups());
  child.stdin.end();
  await once(child, 'exit');
  t.deepEqual(groups(), ownGroups());
  t.deepEqual(groupsOf(child.pid!)(), []);
  t.deepEqual(groupsOf(0)(), []);
});
