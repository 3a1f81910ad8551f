import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';

const demo = join(import.meta.dirname, '../../src/cli/demo.ts');

fuse('the tour happens as it is printed and leaves nothing behind', async (t) => {
  await built();
  const child = spawn(process.execPath, ['--import=tsx', demo], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  t.deepEqual(await once(child, 'close'), [0, null], errors);
  t.is(errors, '');
  t.true(output.split('\n').filter((line) => line.startsWith('$ ')).length > 20);
  t.true(output.endsWith('$ cd; weft down\n'));
});
