import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { loadFuseNative } from '../../src/fuse/native/load.ts';
import { Client, usable, type Ran } from '../support/fuse.ts';
import { begin, built, weft, type Started } from '../support/program.ts';
import { temporary } from '../support/temporary.ts';

const missing = (): string | undefined => {
  if (!usable()) return 'no /dev/fuse';
  try {
    loadFuseNative();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

/** A test of a server with `--driver native`: skipped by name where fuse-native does not load. */
const native = (title: string, run: (t: ExecutionContext) => Promise<void>): void => {
  const why = missing();
  if (why === undefined) test.serial(title, run);
  else test.serial.skip(`${title} (${why})`, run);
};

test.before(built);

interface Served {
  readonly server: Started;
  readonly mount: string;
  /** A shell script in ada's directory, to its end. */
  readonly sh: (script: string) => Promise<Ran>;
  readonly start: (script: string) => Client;
}

const mountsOn = async (directory: string): Promise<string[]> =>
  (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.split(' ')[1] === directory);

const unmount = (mount: string): Promise<unknown> => promisify(execFile)('fusermount3', ['-u', '-z', mount]);

const serve = async (t: ExecutionContext): Promise<Served> => {
  const base = temporary(t);
  const mount = join(base, 'mount');
  t.teardown(async () => {
    if ((await mountsOn(mount)).length > 0) await unmount(mount);
  });
  const state = join(base, 'state');
  const server = begin(t, ['up', '--driver', 'native', '--state', state, '--mount', mount, '--examples']);
  await server.says(/ready/);
  const start = (script: string): Client => {
    const client = new Client('/bin/sh', ['-c', `cd ${mount}/agents/ada && { ${script}\n}`]);
    t.teardown(() => client.child.kill('SIGKILL'));
    return client;
  };
  return { server, mount, start, sh: (script) => start(script).done };
};

const end = async (t: ExecutionContext, { server, mount }: Served): Promise<void> => {
  server.child.kill('SIGTERM');
  t.like(await server.ended, { code: 0, stderr: '' });
  t.deepEqual(await mountsOn(mount), []);
};

native('the quick start works', async (t) => {
  const served = await serve(t);
  const { sh, mount } = served;
  t.regex((await mountsOn(mount))[0]!, / fuse\.weft /);
  t.is((await sh('ls')).out, (await sh('ls -U | sort')).out);
  t.regex((await sh('cat status')).out, /^state idle$/m);
  t.like(await sh('echo hello there > inbox/new && cat wait outbox/last'), { code: 0, err: '' });
  t.regex((await sh('cat outbox/last')).out, /hello there/);
  t.is((await sh('mkdir ../bob && ls -d ../bob && rmdir ../bob && ls ..')).out.includes('../bob\n'), true);
  const refused = await sh('echo bogus | tee ctl');
  t.not(refused.code, 0);
  t.regex(refused.err, /Invalid argument/);
  t.regex((await sh('tail -n 1 error')).out, /EINVAL bogus/);
  t.regex((await sh('cat none/x')).err, /No such file or directory/);
  t.regex((await sh('exec 3<>ask; echo hi >&3; head -c 20 <&3')).out, /^The offline model/);
  await end(t, served);
});

native('a document is staged at each flush and published at the last close', async (t) => {
  const served = await serve(t);
  const { sh } = served;
  const blocks = [
    `{ printf 'Subject: one\\n\\n'; date; echo end; } > inbox/new`,
    `( echo two; date ) > inbox/new`,
    `exec 3>inbox/new; echo three >&3; date >&3; exec 3>&-`,
  ];
  for (const block of blocks) t.like(await sh(`${block}; cat wait`), { code: 0, err: '' }, block);
  t.is((await sh('wc -l < outbox/log')).out.trim(), `${blocks.length}`);
  // Each sees what the one before it has closed.
  const rewrites = 'for i in 1 2 3 4 5 6 7 8 9; do echo $i > memory/notes/n; cat memory/notes/n; done';
  t.is((await sh(rewrites)).out, '1\n2\n3\n4\n5\n6\n7\n8\n9\n');
  t.is((await sh('echo ten >> memory/notes/n; cat memory/notes/n')).out, '9\nten\n');
  t.is((await sh('sed -i s/ten/10/ memory/notes/n; cat memory/notes/n')).out, '9\n10\n');
  t.like(await sh('cp memory/notes/n memory/notes/o && mv memory/notes/o memory/notes/p && rm memory/notes/p'), {
    code: 0,
    err: '',
  });
  await end(t, served);
});

native('a stream comes as it happens, and nothing waits behind its reader', async (t) => {
  const served = await serve(t);
  const { sh, start } = served;
  const reader = start('exec 3<live/trace; echo open; cat <&3');
  await reader.says('open\n');
  t.is((await sh('echo tick > ctl')).code, 0);
  await reader.says('"phase"');
  t.is(reader.child.exitCode, null);
  // The end of the server ends its read.
  await end(t, served);
  await reader.done;
});

native('an unmount by somebody else ends the server', async (t) => {
  const { server, mount } = await serve(t);
  await unmount(mount);
  t.is((await server.ended).code, 0);
});

native('a directory in use or not empty is refused', async (t) => {
  const served = await serve(t);
  const base = temporary(t);
  mkdirSync(join(base, 'full'));
  writeFileSync(join(base, 'full', 'mine'), '');
  for (const [dir, code] of [
    [served.mount, 'EBUSY'],
    [join(base, 'full'), 'ENOTEMPTY'],
  ] as const) {
    const tried = await weft(t, ['up', '--driver', 'native', '--state', join(base, code), '--mount', dir]);
    t.is(tried.code, 1);
    t.true(tried.stderr.includes(`(${code})`), tried.stderr);
  }
  await end(t, served);
});

test.serial('without the package the driver says what to install', async (t) => {
  const base = temporary(t);
  // A machine on which the optional package was not installed.
  const without = join(base, 'without.cjs');
  writeFileSync(
    without,
    `const Module = require('node:module');
     const resolve = Module._resolveFilename;
     Module._resolveFilename = function (name, ...rest) {
       if (name.startsWith('fuse-native')) throw Object.assign(new Error('none'), { code: 'MODULE_NOT_FOUND' });
       return resolve.call(this, name, ...rest);
     };`,
  );
  const tried = await weft(
    t,
    ['up', '--driver', 'native', '--state', join(base, 'state'), '--mount', join(base, 'mount')],
    { env: { NODE_OPTIONS: `--require=${without}` } },
  );
  t.is(tried.code, 1);
  t.regex(tried.stderr, /npm install fuse-native.*\(ENOTSUP\)/);
});
