import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { tree } from '../../support/tree.ts';

const at = '/agents/ada/checkpoints';

test('diff: what was added, removed and changed, with the lines of small texts', async (t) => {
  const { attach, works } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/memory/notes/a', 'one\ntwo\n');
  await shell.write('/agents/ada/memory/notes/gone', 'x\n');
  await shell.write('/agents/ada/work/same', 'same\n');
  await shell.write('/agents/ada/work/big', 'x'.repeat(100_000));
  await shell.write('/agents/ada/ctl', 'checkpoint x\n');
  const head = /^since checkpoint x of 20\d\d-[^ ]* by operator\n/;
  t.regex(await shell.cat(`${at}/x/diff`), new RegExp(`${head.source}$`));
  await shell.write('/agents/ada/memory/notes/a', 'one\n2\n');
  await shell.unlink('/agents/ada/memory/notes/gone');
  await shell.write('/agents/ada/work/big', 'y'.repeat(100_000));
  await shell.mkdir('/agents/ada/work/new');
  symlinkSync('/etc/passwd', join(works, 'ada/link'));
  await shell.write('/agents/ada/policy/idle', '1h\n');
  const text = await shell.cat(`${at}/x/diff`);
  t.regex(text, head);
  t.deepEqual(
    text.split('\n').filter((line) => /^(added|removed|changed) /.test(line)),
    [
      'changed manifest',
      'changed memory/notes/a',
      'removed memory/notes/gone',
      'changed work/big',
      'added work/link',
      'added work/new/',
    ],
  );
  t.true(text.includes('--- a/memory/notes/a\n+++ b/memory/notes/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n'), text);
  t.false(text.includes('root:'));
});

test('a diff is bounded, and says so', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  await shell.write('/agents/ada/ctl', 'checkpoint x\n');
  await shell.mkdir('/agents/ada/work/d');
  const long = 'n'.repeat(200);
  await shell.write('/agents/ada/ctl', 'checkpoint y\n');
  for (let i = 0; i < 1500; i++) await shell.write(`/agents/ada/work/d/${long}${i}`, '');
  clock.advance(2000);
  const text = await shell.cat(`${at}/y/diff`);
  t.true(text.length <= 300_000);
  t.true(text.endsWith('and more: this is all that a diff shows\n'));
  t.regex(await shell.cat(`${at}/x/diff`), /\nadded work\/d\/\n$/);
});
