import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { begin, built, weft } from '../support/program.ts';

test.before(() => built());

test('a session of the program is run again: identical, or the first difference', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'weft-replay-'));
  t.teardown(() => rmSync(base, { recursive: true }));
  const run = (...args: string[]): ReturnType<typeof weft> =>
    weft(t, args, { env: { WEFT_STATE: join(base, 'state') } });
  const server = begin(t, ['up', '--no-mount', '--state', join(base, 'state')]);
  await server.says(/ready/);
  await run('new', 'ada');
  await run('write', 'agents/ada/memory/notes/about', 'likes tea');
  await run('ask', 'ada', 'what is this?');
  await run('write', 'agents/ada/ctl', 'pause');
  await run('write', 'agents/ada/inbox/one', 'one');
  await run('write', 'agents/ada/inbox/two', 'two');
  await run('write', 'agents/ada/ctl', 'resume');
  await run('tick', 'ada', '--wait');
  const { stdout } = await run('cat', 'agents/ada/logs/trajectory');
  server.child.kill('SIGTERM');
  await server.ended;

  const copy = join(base, 'copy');
  writeFileSync(copy, stdout);
  const same = await run('replay', copy);
  t.like(same, { code: 0, stderr: '' }, same.stdout);
  t.regex(same.stdout, /^identical \d+ records\n$/);

  writeFileSync(copy, stdout.replace('"outcome":"answered"', '"outcome":"forgotten"'));
  const altered = await run('replay', copy);
  t.is(altered.code, 1);
  t.regex(altered.stderr, /^weft: .*\/copy: record \d+ at byte \d+: it does not match its hash \(EBADMSG\)\n$/);

  writeFileSync(copy, stdout.slice(stdout.indexOf('\n') + 1));
  t.regex((await run('replay', copy)).stderr, /begins with record 2, .* \(EINVAL\)\n$/);
  t.regex((await run('replay', join(base, 'none'))).stderr, /^weft: .*\/none: .*\(ENOENT\)\n$/);
});
