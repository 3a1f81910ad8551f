import test from 'ava';
import { tree } from '../../support/tree.ts';

const recall = '/agents/ada/memory/recall';

test('what the next tick will be shown: in general, and with the message that waits', async (t) => {
  const { attach, clock, agents } = await tree(t);
  const shell = attach();
  t.is(await shell.cat(recall), 'nothing\n');
  await shell.write('/agents/ada/memory/notes/plan', 'tea at five\n\nmemory/notes/x\trecent\t1 tokens\n');
  clock.advance(2_000);
  const lines = await shell.lines(recall);
  t.deepEqual(lines, [
    'memory/notes/plan\trecent\t16 tokens',
    '> tea at five',
    '>',
    '> memory/notes/x\trecent\t1 tokens',
  ]);
  await shell.write('/agents/ada/ctl', 'pause\n');
  await shell.write('/agents/ada/memory/notes/other', 'coffee at six\n');
  await shell.write('/agents/ada/inbox/new', 'when is tea?\n');
  clock.advance(2_000);
  const shown = await shell.lines(recall);
  t.regex(shown[0]!, /^memory\/notes\/plan\trelevant\t/);
  const expected = shown
    .filter((line) => line.includes('\t') && !line.startsWith('>'))
    .map((line) => line.split('\t')[0]);
  await shell.write('/agents/ada/ctl', 'resume\n');
  await agents.get('ada')!.settled(new AbortController().signal);
  const records = (await shell.lines('/agents/ada/logs/trajectory')).map(
    (line) => JSON.parse(line) as { phase?: string; memories?: string[] },
  );
  t.deepEqual(records.find(({ phase }) => phase === 'PERCEIVE')!.memories, expected);
});
