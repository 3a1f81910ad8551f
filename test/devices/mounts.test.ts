import test from 'ava';
import { agent, observer } from '../../src/kernel/subject.ts';
import { tree } from '../support/tree.ts';

test('the mount table of the client that reads it, in the form of a namespace file', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.is(await shell.cat('/mounts'), 'bind #root /\n');
  t.is(await shell.cat('/agents/ada/mounts'), 'bind #root /\n');
  t.is(await attach(agent('ada')).cat('/mounts'), 'bind #agent/ada /\n');
  await t.throwsAsync(attach(observer).cat('/mounts'), { code: 'ENOENT' });
  t.is(await shell.cat('/mounts'), 'bind #root /\n');
});
