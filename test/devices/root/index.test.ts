import test from 'ava';
import { operator } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

test('a header line, then one tab-separated line an agent, by name', async (t) => {
  const { attach, agents, clock } = await tree(t);
  const shell = attach();
  t.is(
    await shell.cat('/index'),
    'name\tstate\ttick\tqueue\tapprovals\tspent\tlast\n' + 'ada\tidle\t0\t0\t0\t0\t2030-01-01T00:00:00.000Z\n',
  );
  clock.advance(5000);
  await agents.define('aaron', operator);
  await shell.write('/agents/aaron/ctl', 'pause\n');
  await shell.write('/agents/aaron/inbox/new', 'hello\n');
  t.deepEqual((await shell.lines('/index')).slice(1), [
    'aaron\tpaused\t0\t1\t0\t0\t2030-01-01T00:00:05.000Z',
    'ada\tidle\t0\t0\t0\t0\t2030-01-01T00:00:00.000Z',
  ]);
});

test('without agents there is the header alone', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.rmdir('/agents/ada');
  t.is((await shell.lines('/index')).length, 1);
});
