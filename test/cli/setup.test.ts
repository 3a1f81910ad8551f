import { execFile, spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { temporary } from '../support/temporary.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** A clone with packages. Without the helper of mount(8): the machine's own link to it is not this test's. */
const clone = (t: ExecutionContext): string => {
  const place = temporary(t);
  for (const name of ['bin', 'src', 'package.json', 'package-lock.json'])
    cpSync(join(root, name), join(place, name), { recursive: true });
  rmSync(join(place, 'bin/mount.fuse.weft'));
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  return place;
};

const setup = (place: string): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [join(place, 'bin/setup.mjs')], { cwd: '/' });

const bundleTime = (place: string): number => statSync(join(place, 'dist/weft.cjs')).mtimeMs;

test('the program is built when it is missing or older than a source, and only then', async (t) => {
  const place = clone(t);
  t.regex((await setup(place)).stderr, /^setup: program built in [\d.]+ s$/m);
  t.regex((await run(join(place, 'bin/weft'), ['version'])).stdout, /^weft /);
  const first = bundleTime(place);
  t.notRegex((await setup(place)).stderr, /built/);
  t.is(bundleTime(place), first);
  appendFileSync(join(place, 'src/main.ts'), '\n');
  t.regex((await setup(place)).stderr, /built/);
  const second = bundleTime(place);
  t.true(second > first);
  rmSync(join(place, 'src/cli/demo.ts'));
  t.regex((await setup(place)).stderr, /built/, 'a source that went away counts too');
});

test('a compiled form that is not of this bundle is left aside', async (t) => {
  const place = clone(t);
  await setup(place);
  const bundle = join(place, 'dist/weft.cjs');
  const { size } = statSync(bundle);
  writeFileSync(bundle, `console.log('another program');${' '.repeat(size)}`.slice(0, size));
  t.is((await run(join(place, 'bin/weft'), ['version'])).stdout, 'another program\n');
  writeFileSync(`${bundle}.cache`, 'nonsense');
  t.is((await run(join(place, 'bin/weft'), ['version'])).stdout, 'another program\n');
  rmSync(`${bundle}.cache`);
  t.is((await run(join(place, 'bin/weft'), ['version'])).stdout, 'another program\n');
});

test('a mistake in a source ends with a sentence and exit 1; the old program stays', async (t) => {
  const place = clone(t);
  await setup(place);
  const before = bundleTime(place);
  const later = new Date(Date.now() + 5000);
  writeFileSync(join(place, 'src/main.ts'), 'const const\n');
  utimesSync(join(place, 'src/main.ts'), later, later);
  const error = await t.throwsAsync(setup(place), { code: 1 });
  t.regex(
    (error as unknown as { stderr: string }).stderr,
    /main\.ts:1:6[^]*\nsetup: the program cannot be built: Build failed with 1 error\n$/,
  );
  t.is(bundleTime(place), before);
});

test('without packages and without npm it says what failed', async (t) => {
  const place = clone(t);
  rmSync(join(place, 'node_modules'));
  mkdirSync(join(place, 'nowhere'));
  const env = { PATH: join(place, 'nowhere'), HOME: place };
  const error = await t.throwsAsync(run(process.execPath, [join(place, 'bin/setup.mjs')], { cwd: '/', env }), {
    code: 1,
  });
  t.regex((error as unknown as { stderr: string }).stderr, /^setup: installing packages: npm cannot be run: .*\n$/m);
});

test('a second set-up waits for the first; one that was killed is not waited for', async (t) => {
  const place = clone(t);
  mkdirSync(join(place, 'dist'));
  const first = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  writeFileSync(join(place, 'dist/setup.pid'), String(first.pid));
  const second = spawn(process.execPath, [join(place, 'bin/setup.mjs')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  for await (const chunk of second.stderr) {
    said += String(chunk);
    if (said.includes('waiting')) first.stdin.end();
  }
  t.regex(
    said,
    new RegExp(
      `^setup: waiting for another set-up \\(pid ${first.pid!}, dist/setup.pid\\)\n(.*\n)*setup: program built`,
    ),
  );
});
