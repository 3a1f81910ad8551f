import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { fuse } from '../support/fuse.ts';
import { begin, built, weft } from '../support/program.ts';
import { temporary } from '../support/temporary.ts';

test.before(built);

const mountsOn = async (directory: string): Promise<string[]> =>
  (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.split(' ')[1] === directory);

fuse('ready, served, and after SIGTERM exit 0 with everything unmounted', async (t) => {
  const base = temporary(t);
  const [state, mount] = [join(base, 'state'), join(base, 'mount')];
  const server = begin(t, ['up', '--state', state, '--mount', mount, '--examples']);
  t.is(await server.says(/\n/), `weft: ready ${mount} unix:${state}/9p.sock\n`);
  const [entry] = await mountsOn(mount);
  t.regex(entry!, /^unix:\S+\/9p\.sock \S+ fuse\.weft /);
  t.regex(await readFile(join(mount, 'agents', 'ada', 'status'), 'utf8'), /^state idle$/m);
  t.is(statSync(state).mode & 0o777, 0o700);
  t.is(statSync(join(state, '9p.sock')).mode & 0o777, 0o600);
  t.is(statSync(join(state, 'server.json')).mode & 0o777, 0o600);
  const { pid } = JSON.parse(readFileSync(join(state, 'server.json'), 'utf8')) as { pid: number };
  t.is(pid, server.child.pid!);
  server.child.kill('SIGTERM');
  t.like(await server.ended, { code: 0, stderr: '' });
  t.deepEqual(await mountsOn(mount), []);
  t.deepEqual(readdirSync(mount), []);
  for (const name of ['9p.sock', 'server.json']) t.false(existsSync(join(state, name)), name);
  for (const line of readFileSync(join(state, 'server.log'), 'utf8').trimEnd().split('\n'))
    t.notThrows(() => void JSON.parse(line));
});

fuse('SIGINT ends it in order as well; what was kept is there again', async (t) => {
  const base = temporary(t);
  const args = ['up', '--state', join(base, 'state'), '--mount', join(base, 'mount')];
  for (const extra of [['--examples'], []]) {
    const server = begin(t, [...args, ...extra]);
    await server.says(/ready/);
    t.true((await readFile(join(base, 'mount', 'index'), 'utf8')).includes('ada'));
    server.child.kill('SIGINT');
    t.is((await server.ended).code, 0);
  }
});

fuse('a mount that a killed server left behind is cleared', async (t) => {
  const base = temporary(t);
  const args = ['up', '--state', join(base, 'state'), '--mount', join(base, 'mount')];
  const killed = begin(t, args);
  await killed.says(/ready/);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const next = begin(t, args);
  await next.says(/ready/);
  next.child.kill('SIGTERM');
  t.is((await next.ended).code, 0);
  t.deepEqual(await mountsOn(join(base, 'mount')), []);
});

fuse('a directory that is not empty is refused, and nothing is left running', async (t) => {
  const base = temporary(t);
  const mount = join(base, 'mount');
  mkdirSync(mount);
  writeFileSync(join(mount, 'mine'), '');
  const { code, stdout, stderr } = await weft(t, ['up', '--state', join(base, 'state'), '--mount', mount]);
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /^weft: .*not empty.* \(ENOTEMPTY\)\n$/);
  t.false(existsSync(join(base, 'state', 'server.json')));
});

test.serial('a second server on one state directory is refused and names the first', async (t) => {
  const state = join(temporary(t), 'state');
  const first = begin(t, ['up', '--no-mount', '--state', state]);
  await first.says(/ready/);
  const { code, stderr } = await weft(t, ['up', '--no-mount', '--state', state]);
  t.is(code, 1);
  t.is(
    stderr,
    `weft: ${state}: a server already runs on this state directory: pid ${first.child.pid!} on unix:${state}/9p.sock (EBUSY)\n`,
  );
  first.child.kill('SIGTERM');
  t.is((await first.ended).code, 0);
});

test.serial('of two that start in the same moment one runs', async (t) => {
  const state = join(temporary(t), 'state');
  const both = [0, 1].map(() => begin(t, ['up', '--no-mount', '--state', state]));
  const outcomes = await Promise.allSettled(both.map(({ says }) => says(/ready/)));
  t.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  for (const [index, { child, ended }] of both.entries()) {
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    t.is(code, outcomes[index]!.status === 'fulfilled' ? 0 : 1, stderr);
  }
});

test.serial('--no-mount serves 9P only, on every address asked for', async (t) => {
  const base = temporary(t);
  const [one, two] = [join(base, 'one'), join(base, 'two')];
  const server = begin(t, [
    '--no-mount',
    'up',
    '--state',
    join(base, 'state'),
    '--listen',
    `unix:${one}`,
    '--listen',
    two,
  ]);
  t.is(await server.says(/\n/), `weft: ready unix:${one} unix:${two}\n`);
  server.child.kill('SIGHUP');
  t.is((await server.ended).code, 0);
});

test.serial('TCP without authentication needs the flag, and is loopback only', async (t) => {
  const state = join(temporary(t), 'state');
  const args = ['up', '--no-mount', '--state', state, '--listen'];
  const bare = await weft(t, [...args, 'tcp:127.0.0.1:1']);
  t.is(bare.code, 1);
  t.regex(bare.stderr, /^weft: .*--insecure-tcp.*\(EPERM\)\n$/);
  const open = await weft(t, [...args, 'tcp:0.0.0.0:1', '--insecure-tcp']);
  t.is(open.code, 1);
  t.regex(open.stderr, /^weft: .*\(EPERM\)\n$/);
});

test.serial('--detach returns when it is ready and leaves the server running', async (t) => {
  const state = join(temporary(t), 'state');
  const launched = await weft(t, ['up', '--no-mount', '--detach', '--state', state]);
  t.deepEqual(launched, { code: 0, signal: null, stdout: `weft: ready unix:${state}/9p.sock\n`, stderr: '' });
  const { pid } = JSON.parse(readFileSync(join(state, 'server.json'), 'utf8')) as { pid: number };
  const again = await weft(t, ['up', '--no-mount', '--detach', '--state', state]);
  t.is(again.code, 1);
  t.true(again.stderr.includes(`pid ${pid}`));
  t.teardown(() => process.kill(pid, 'SIGKILL'));
});

test.serial('--detach shows the error of the child', async (t) => {
  const base = temporary(t);
  writeFileSync(join(base, 'socket'), 'not a socket');
  const { code, stdout, stderr } = await weft(t, [
    ...['up', '--no-mount', '--detach', '--state', join(base, 'state'), '--listen', `unix:${join(base, 'socket')}`],
  ]);
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /^weft: .*\(EEXIST\)\n$/);
});

test.serial('mistakes: 2 on the command line, 1 elsewhere, one line each', async (t) => {
  const base = temporary(t);
  const state = join(base, 'state');
  for (const args of [['extra'], ['--bogus'], ['--driver', 'x'], ['--log-level=loud'], ['--state']]) {
    const { code, stdout, stderr } = await weft(t, ['up', ...args], { env: { WEFT_STATE: state } });
    t.is(code, 2, args.join(' '));
    t.is(stdout, '');
    t.regex(stderr, /^weft: [^\n]+\n$/);
  }
  t.false(existsSync(state), 'nothing was made');
  mkdirSync(state);
  writeFileSync(join(state, 'config.yaml'), 'mount: [');
  const { code, stderr } = await weft(t, ['up', '--state', state]);
  t.is(code, 1);
  t.regex(stderr, /^weft: \S+config\.yaml: .*line 1.*\(EINVAL\)\n$/);
  const model = await weft(t, ['up', '--no-mount', '--state', join(base, 'other'), '--model', 'nosuch']);
  t.is(model.code, 1);
  t.regex(model.stderr, /^weft: [^\n]+\(EINVAL\)\n$/);
});
