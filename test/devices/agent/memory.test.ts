import test from 'ava';
import { tree } from '../../support/tree.ts';

const memory = '/agents/ada/memory';

test('forget says how many went, and when nothing did', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.mkdir(`${memory}/notes/d`);
  for (const name of ['a', 'b', 'd/a']) await shell.write(`${memory}/notes/${name}`, 'x\n');
  await shell.write(`${memory}/ctl`, 'forget notes/**/a\n');
  t.is((await shell.lines(`${memory}/ctl`)).at(-1), 'ok: forgot 2');
  t.deepEqual(await shell.ls(`${memory}/notes`), ['b', 'd']);
  t.deepEqual(await shell.ls(`${memory}/notes/d`), []);
  await t.throwsAsync(shell.cat(`${memory}/notes/a`), { code: 'ENOENT' });
  await shell.write(`${memory}/ctl`, 'forget notes/z\n');
  t.is((await shell.lines(`${memory}/ctl`)).at(-1), 'ok: forgot nothing: no memory matches notes/z');
  await t.throwsAsync(shell.write(`${memory}/ctl`, 'forget\n'), { code: 'EINVAL' });
});

test('compact says how many it folded', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write(`${memory}/ctl`, 'compact\n');
  t.is((await shell.lines(`${memory}/ctl`)).at(-1), 'ok: nothing is old enough to be folded');
  for (let n = 0; n < 52; n++) await shell.ask('/agents/ada/ask', `${n}\n`);
  await shell.write(`${memory}/ctl`, 'compact\n');
  t.is((await shell.lines(`${memory}/ctl`)).at(-1), 'ok: folded 2');
  t.is((await shell.ls(`${memory}/episodes`)).at(-1), 'summary.md');
  t.is((await shell.lines(`${memory}/episodes/summary.md`)).length, 4);
});
