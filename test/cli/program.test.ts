import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';

const run = promisify(execFile);
const base = mkdtempSync(join(tmpdir(), 'weft-program-'));
test.after.always(() => rmSync(base, { recursive: true }));

test('without the bundle it says what to do', async (t) => {
  const bin = join(base, 'bin');
  mkdirSync(bin);
  for (const name of ['weft', 'load.cjs', 'package.json']) copyFileSync(join('bin', name), join(bin, name));
  const error = await t.throwsAsync(run(join(bin, 'weft'), ['version']));
  t.like(error, { code: 1, stdout: '', stderr: 'weft: the program is not built: run npm run setup\n' });
});
