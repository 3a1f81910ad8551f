import test from 'ava';
import { tree } from '../../support/tree.ts';

const search = '/agents/ada/memory/search';

test('words in, lines with score, path and excerpt out, on one descriptor', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.true((await shell.cat(search)).startsWith('write words'));
  await shell.write('/agents/ada/memory/notes/plan', 'tea\tat five\n');
  await shell.write('/agents/ada/memory/notes/other', 'nothing\n');
  const answer = await shell.ask(search, 'Tea?\n');
  t.regex(answer, /^\d+\.\d\d\tmemory\/notes\/plan\tplan tea at five\n$/);
  t.is(await shell.ask(search, 'coffee\n'), '');
});

test('what is no question is refused, with the reason in error', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await t.throwsAsync(shell.ask(search, ' \n'), { code: 'EINVAL' });
  await shell.write(search, Buffer.from([0xff]));
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, /memory\/search EINVAL this is not UTF-8 text/);
});
