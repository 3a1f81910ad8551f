import test from 'ava';
import { tree } from '../../support/tree.ts';

const memory = '/agents/ada/memory';

test('a pattern or an empty line in, a bundle out, a line of JSON each', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.true((await shell.cat(`${memory}/export`)).startsWith('write a pattern'));
  await shell.write(`${memory}/notes/a`, 'apples\n');
  await shell.write(`${memory}/notes/b`, 'pears\n');
  const types = async (pattern: string): Promise<string[]> =>
    (await shell.ask(`${memory}/export`, pattern))
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
  t.deepEqual(await types('\n'), ['memory', 'note', 'note', 'end']);
  t.deepEqual(await types('notes/a\n'), ['memory', 'note', 'end']);
  await t.throwsAsync(shell.ask(`${memory}/export`, 'x'.repeat(5_000)), { code: 'EFBIG' });
});
