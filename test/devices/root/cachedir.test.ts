import test from 'ava';
import { tree } from '../../support/tree.ts';

test('is there by name and in no listing, with the signature backup tools look for', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.regex(await shell.cat('/CACHEDIR.TAG'), /^Signature: 8a477f597d28d172789f06886806bc55\n/);
  t.false((await shell.ls('/')).includes('CACHEDIR.TAG'));
});
