import test from 'ava';
import { tree } from '../../support/tree.ts';

test('fifteen lines that fit a terminal, and every command in them works', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  const lines = await shell.lines('/README');
  t.is(lines.length, 15);
  for (const line of lines) t.true(line.length <= 80, line);
  await shell.mkdir('/agents/bob');
  await shell.write('/agents/bob/inbox/new', 'hello there\n');
  t.is(await shell.cat('/agents/bob/wait'), 'idle\n');
  t.regex(await shell.cat('/agents/bob/outbox/last'), /hello there/);
  await shell.write('/agents/bob/ctl', 'tick\n');
  await shell.cat('/agents/bob/wait');
  t.regex(await shell.cat('/agents/bob/status'), /^tick 2$/m);
  t.regex(await shell.cat('/agents/bob/logs/trace'), /hello/);
  await shell.rmdir('/agents/bob');
  t.is(agents.get('bob'), undefined);
});

test('its paths are there', async (t) => {
  const { attach, agents } = await tree(t);
  await agents.define('bob', { tier: 'operator' });
  const shell = attach();
  const paths = (await shell.cat('/README')).match(/agents\/bob[\w/]*/g)!;
  t.true(paths.length >= 8);
  for (const path of paths) await t.notThrowsAsync(shell.stat(`/${path}`), path);
});
