import test from 'ava';
import { tree } from '../../support/tree.ts';

test('the chain names the ends of the trajectory', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/ctl', 'tick\n');
  await shell.cat('/agents/ada/wait');
  const records = (await shell.lines('/agents/ada/logs/trajectory')).map(
    (line) => JSON.parse(line) as { seq: number; hash: string },
  );
  const { seq, hash } = records.at(-1)!;
  t.deepEqual(await shell.lines('/agents/ada/logs/chain'), [`anchor 0 ${'0'.repeat(64)}`, `head ${seq} ${hash}`]);
  t.is(records.length, seq);
});
