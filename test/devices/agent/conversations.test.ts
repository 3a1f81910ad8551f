import test from 'ava';
import { O_RDONLY } from '../../../src/kernel/mode.ts';
import { tree } from '../../support/tree.ts';

const conversations = '/agents/ada/memory/conversations';

test('a conversation is a log that grows, one record in and one out', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  t.deepEqual(await shell.ls(conversations), []);
  await shell.ask('/agents/ada/ask', 'one\n');
  t.deepEqual(await shell.ls(conversations), ['operator']);
  const open = await shell.open(`${conversations}/operator`, O_RDONLY);
  const first = await shell.stat(`${conversations}/operator`);
  clock.advance(9_000);
  await shell.ask('/agents/ada/ask', 'two\n');
  const lines = await shell.lines(`${conversations}/operator`);
  const said = lines.map((line) => JSON.parse(line) as { direction: string; text: string });
  t.deepEqual(
    said.map(({ direction }) => direction),
    ['in', 'out', 'in', 'out'],
  );
  t.deepEqual([said[0]!.text, said[2]!.text], ['one\n', 'two\n']);
  const stat = await shell.stat(`${conversations}/operator`);
  t.deepEqual([stat.ino, stat.mtimeMs], [first.ino, clock.now()]);
  t.true(stat.size > first.size);
  await open.close();
});

test('what goes while it is open reads as empty lines, and its size never shrinks', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await shell.ask('/agents/ada/ask', 'one\n');
  const open = await shell.open(`${conversations}/operator`, O_RDONLY);
  const { size } = await shell.stat(`${conversations}/operator`);
  const { conversations: kept } = agents.get('ada')!.memory;
  const conversation = kept.get('operator')!;
  await shell.write('/agents/ada/memory/ctl', 'forget conversations/operator\n');
  t.deepEqual(await shell.ls(conversations), []);
  t.is(conversation.size, size);
  t.is(Buffer.from(await open.read(size)).toString(), '\n'.repeat(size));
  await open.close();
  t.is(conversation.size, 0);
  await shell.ask('/agents/ada/ask', 'again\n');
  t.is((await shell.lines(`${conversations}/operator`)).length, 2);
});
