import test from 'ava';
import { tree } from '../../support/tree.ts';

const episodes = '/agents/ada/memory/episodes';

test('a tick with a message is a document, dated as the tick was', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  clock.advance(5_000);
  const told = await shell.ask('/agents/ada/ask', 'hello\n');
  t.deepEqual(await shell.ls(episodes), ['1.md']);
  const text = await shell.cat(`${episodes}/1.md`);
  t.true(text.startsWith('# Tick 1: answered\n'));
  t.true(text.includes('> hello\n') && text.includes(`> ${told}`));
  const stat = await shell.stat(`${episodes}/1.md`);
  t.deepEqual([stat.size, stat.mtimeMs], [Buffer.byteLength(text), clock.now()]);
});

test('names that are none are not there', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.ask('/agents/ada/ask', 'hello\n');
  for (const name of ['0.md', '01.md', '2.md', '1', '1.md.md', 'summary.md', '-1.md', '1e0.md']) {
    await t.throwsAsync(shell.cat(`${episodes}/${name}`), { code: 'ENOENT' }, name);
  }
  await t.throwsAsync(shell.unlink(`${episodes}/1.md`), { code: 'EPERM' });
});
