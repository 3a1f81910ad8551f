import test from 'ava';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { operator } from '../../../src/kernel/subject.ts';
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

test('import takes a bundle that lies under work/, and says what came', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await agents.define('bob', operator);
  await shell.mkdir(`${memory}/notes/d`);
  await shell.write(`${memory}/notes/d/a`, 'apples\n');
  await shell.ask('/agents/ada/ask', 'one\n');
  const bundle = await shell.ask(`${memory}/export`, '\n');
  await shell.mkdir('/agents/bob/work/in');
  await shell.write('/agents/bob/work/in/ada.jsonl', bundle);
  const ctl = '/agents/bob/memory/ctl';
  await shell.write(ctl, 'import in/ada.jsonl\n');
  t.is((await shell.lines(ctl)).at(-1), 'ok: imported 1 notes, 1 episodes, 1 exchanges');
  for (const path of ['notes/d/a', 'episodes/1.md', 'conversations/operator']) {
    t.is(await shell.cat(`/agents/bob/memory/${path}`), await shell.cat(`${memory}/${path}`), path);
  }
  await shell.write('/agents/bob/work/bad', `${bundle.split('\n')[0]}\nnothing\n`);
  await t.throwsAsync(shell.write(ctl, 'import bad\n'), { code: 'EINVAL', message: /line 2: no JSON/ });
  t.regex((await shell.lines('/agents/bob/error')).at(-1)!, /EINVAL import bad: line 2: no JSON/);
});

test('import leaves work/ by no way', async (t) => {
  const { attach, works } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/work/file', 'x');
  writeFileSync(join(works, 'outside'), 'x');
  mkdirSync(join(works, 'elsewhere'));
  writeFileSync(join(works, 'elsewhere/file'), 'x');
  symlinkSync('../outside', join(works, 'ada/link'));
  symlinkSync('../elsewhere', join(works, 'ada/dir'));
  symlinkSync('file', join(works, 'ada/inside'));
  const attempts = {
    '../outside': 'EINVAL',
    'a/../../outside': 'ENOENT',
    '/etc/passwd': 'EINVAL',
    link: 'ELOOP',
    'dir/file': 'ELOOP',
    inside: 'ELOOP',
    nothing: 'ENOENT',
    'file/x': 'ENOTDIR',
    '.': 'EINVAL',
  };
  for (const [path, code] of Object.entries(attempts)) {
    await t.throwsAsync(shell.write(`${memory}/ctl`, `import ${path}\n`), { code }, path);
  }
});
