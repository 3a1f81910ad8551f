import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'ava';
import { begin, built, weft, type Started } from '../support/program.ts';

const base = mkdtempSync(join(tmpdir(), 'weft-client-'));
const state = join(base, 'state');
const env = { WEFT_STATE: state };
const address = `unix:${state}/9p.sock`;
let server: Started;
let finish: () => unknown = () => undefined;

test.before(async (t) => {
  await built();
  // One server for the whole file: its end is not the end of this hook.
  server = begin({ ...t, teardown: (end: () => unknown) => void (finish = end) }, [
    'up',
    '--no-mount',
    '--state',
    state,
  ]);
  await server.says(/ready/);
});
test.after.always(async () => {
  await finish();
  rmSync(base, { recursive: true });
});

const fails = (code: number, stderr: string | RegExp) => ({ code, stderr });

test.serial('new, ls, cat', async (t) => {
  t.like(await weft(t, ['new', 'ada'], { env }), { code: 0, stdout: 'agents/ada\n', stderr: '' });
  t.like(await weft(t, ['ls', 'agents'], { env }), { code: 0, stdout: 'ada\n', stderr: '' });
  const status = await weft(t, ['cat', 'agents/ada/status'], { env });
  t.regex(status.stdout, /^state idle$/m);
  const again = await weft(t, ['new', 'ada'], { env });
  t.like(again, fails(1, 'weft: ctl: File exists (EEXIST)\n'));
  const why = await weft(t, ['why'], { env });
  t.regex(why.stdout, /^error: \S+Z ctl EEXIST .*ada.*\n$/);
});

test.serial('the server is found by flag, by variable, by state directory', async (t) => {
  const elsewhere = { WEFT_STATE: join(base, 'none') };
  for (const [args, where] of [
    [['--addr', address, 'status'], elsewhere],
    [['status', `--addr=${join(state, '9p.sock')}`], elsewhere],
    [['status'], { ...elsewhere, WEFT_ADDR: address }],
    [['status'], env],
  ] as const) {
    const { code, stdout } = await weft(t, args, { env: where });
    t.is(code, 0);
    t.regex(stdout, /^version /);
  }
  const none = await weft(t, ['status'], { env: elsewhere });
  t.like(none, fails(1, `weft: unix:${base}/none/9p.sock: no server runs there (ECONNREFUSED)\n`));
  const wrong = await weft(t, ['status', '--addr', 'gopher:x'], { env });
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /^weft: gopher:x: [^\n]+\n$/);
});

test.serial('a view narrows what is seen', async (t) => {
  const own = await weft(t, ['ls', '--aname', 'agent:ada'], { env });
  t.regex(own.stdout, /^inbox$/m);
  const observer = await weft(t, ['--aname=observer', 'cat', 'ctl'], { env });
  t.like(observer, fails(1, 'weft: ctl: No such file or directory (ENOENT)\n'));
  const nothing = await weft(t, ['ls', '--aname', 'nobody'], { env });
  t.like(nothing, fails(1, 'weft: --aname nobody: No such file or directory (ENOENT)\n'));
});

test.serial('ls -l shows what ls(1) would', async (t) => {
  const { stdout } = await weft(t, ['ls', '-l', 'agents/ada'], { env });
  t.regex(stdout, /^-rw-r--r-- +\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ctl$/m);
  t.regex(stdout, /^drwxr-xr-x .* inbox$/m);
  t.regex(stdout, /^lrwxrwxrwx .* wait -> live\/wait$/m);
  const file = await weft(t, ['ls', '-l', 'agents/ada/ctl'], { env });
  t.regex(file.stdout, /^-rw-r--r-- .* agents\/ada\/ctl\n$/);
  const several = await weft(t, ['ls', 'agents', 'nope', 'agents/ada/inbox'], { env });
  t.is(several.code, 1);
  t.regex(several.stdout, /^agents:\nada\n\nagents\/ada\/inbox:\n/);
  t.is(several.stderr, 'weft: nope: No such file or directory (ENOENT)\n');
});

test.serial('write: words, standard input, append, and the error of the close', async (t) => {
  const note = 'agents/ada/memory/notes/plan';
  const read = async (): Promise<string> => (await weft(t, ['cat', note], { env })).stdout;
  t.like(await weft(t, ['write', note, 'buy', 'milk'], { env }), { code: 0, stdout: '', stderr: '' });
  t.is(await read(), 'buy milk\n');
  await weft(t, ['write', '-a', note, 'and bread'], { env });
  t.is(await read(), 'buy milk\nand bread\n');
  const long = 'x'.repeat(200_000);
  await weft(t, ['write', note], { env, input: long });
  t.is(await read(), long);
  const tooLong = await weft(t, ['write', note], { env, input: 'x'.repeat(2_000_000) });
  t.like(tooLong, fails(1, `weft: ${note}: File too large (EFBIG)\n`));
  t.is(await read(), long, 'what was refused changed nothing');
  const denied = await weft(t, ['write', 'status', 'x'], { env });
  t.like(denied, fails(1, 'weft: status: Permission denied (EACCES)\n'));
  const missing = await weft(t, ['write', 'agents/nobody/ctl', 'tick'], { env });
  t.like(missing, fails(1, 'weft: agents/nobody/ctl: No such file or directory (ENOENT)\n'));
});

test.serial('a refused command is told at once, and why explains it', async (t) => {
  const refused = await weft(t, ['write', 'agents/ada/ctl', 'juggle'], { env });
  t.like(refused, fails(1, 'weft: agents/ada/ctl: Invalid argument (EINVAL)\n'));
  const why = await weft(t, ['why'], { env });
  t.regex(why.stdout, /^agents\/ada\/error: \S+Z .*EINVAL.*juggle.*\n$/);
});

test.serial('ask and tick', async (t) => {
  const asked = await weft(t, ['ask', 'ada', 'what', 'is', 'up?'], { env });
  t.is(asked.code, 0, asked.stderr);
  t.true(asked.stdout.includes('what is up?'));
  const piped = await weft(t, ['ask', 'ada'], { env, input: 'from a pipe' });
  t.true(piped.stdout.includes('from a pipe'));
  const nothing = await weft(t, ['ask', 'ada'], { env, input: '' });
  t.like(nothing, { code: 1, stdout: '' });
  t.regex(nothing.stderr, /^weft: agents\/ada\/ask: there is no question.* \(EINVAL\)\n$/);
  t.like(await weft(t, ['tick', 'ada', '--wait'], { env }), { code: 0, stdout: 'idle\n' });
  t.like(await weft(t, ['tick', 'ada'], { env }), { code: 0, stdout: '' });
  await weft(t, ['write', 'agents/ada/ctl', 'pause'], { env });
  t.like(await weft(t, ['tick', 'ada'], { env }), fails(1, 'weft: agents/ada/ctl: Device or resource busy (EBUSY)\n'));
  await weft(t, ['write', 'agents/ada/ctl', 'resume'], { env });
});

test.serial('tail follows a log until Ctrl-C, which is 130', async (t) => {
  const tail = begin(t, ['tail', '-n', '1', 'log'], env);
  await tail.says(/^\{.*\}\n$/);
  await weft(t, ['write', 'agents/ada/ctl', 'limp'], { env });
  await tail.says(/limp/);
  tail.child.kill('SIGINT');
  t.like(await tail.ended, { code: 130, stderr: '' });
});

test.serial('tail follows a stream, and nothing before it', async (t) => {
  const tail = begin(t, ['tail', 'live/events'], env);
  const writer = async (): Promise<void> => {
    for (let n = 0; tail.child.exitCode === null && tail.child.signalCode === null; n++)
      await weft(t, ['write', 'agents/ada/ctl', `odd${n}`], { env });
  };
  const writing = writer();
  t.regex(await tail.says(/odd\d/), /^\{/);
  tail.child.kill('SIGINT');
  t.is((await tail.ended).code, 130);
  await writing;
});

test.serial('Ctrl-C ends what waits, at once', async (t) => {
  const waiting = begin(t, ['cat', 'live/events'], env);
  await waiting.says(/$/);
  const before = performance.now();
  waiting.child.kill('SIGINT');
  const { code, signal } = await waiting.ended;
  t.true(code === 130 || signal === 'SIGINT', 'before or after the program listens to it');
  t.true(performance.now() - before < 5000);
});

test.serial('a reader that goes away is no error', async (t) => {
  const cat = begin(t, ['tail', '-n', '5', 'log'], env);
  cat.child.stdout!.destroy();
  await weft(t, ['write', 'agents/ada/ctl', 'waddle'], { env });
  t.like(await cat.ended, { code: 141, stderr: '' });
});

test.serial('doctor speaks of the server, or of the machine', async (t) => {
  const there = await weft(t, ['doctor'], { env });
  t.is(there.code, 0);
  for (const line of there.stdout.trimEnd().split('\n')) t.regex(line, /^(ok {2}|warn|fail) \w+: /);
  const none = await weft(t, ['doctor'], { env: { WEFT_STATE: join(base, 'none') } });
  t.is(none.code, 0);
  t.regex(none.stdout, /^warn server: none runs on unix:.*weft up$/m);
});

test.serial('usage errors are exit 2 and one line', async (t) => {
  for (const args of [
    ['cat'],
    ['ask'],
    ['new'],
    ['new', 'a', 'b'],
    ['tail', '-n', 'many', 'log'],
    ['verify', 'a', 'b'],
    ['replay'],
    ['status', '--wait'],
    [],
  ]) {
    const { code, stdout, stderr } = await weft(t, args, { env });
    t.is(code, 2, args.join(' '));
    t.is(stdout, '');
    t.regex(stderr, /^weft: [^\n]+\n$/);
  }
  t.regex((await weft(t, ['version'])).stdout, /^weft \d+\.\d+\.\d+\n$/);
  t.regex((await weft(t, ['help'])).stdout, /^ {2}write .*\n/m);
  t.regex((await weft(t, ['write', '--help'])).stdout, /--append/);
});

test.serial('down returns when the server has ended, and ends who follows', async (t) => {
  const events = begin(t, ['tail', 'live/events'], env);
  const log = begin(t, ['tail', '-n', '1', 'log'], env);
  const again = begin(t, ['tail', '--reconnect', '-n', '1', 'log'], env);
  const following = new AbortController();
  const followed = Promise.all([events, log, again].map((tail) => tail.says(/even/))).then(() => following.abort());
  for (let n = 0; !following.signal.aborted; n++) await weft(t, ['write', 'agents/ada/ctl', `even${n}`], { env });
  await followed;
  t.like(await weft(t, ['down'], { env }), { code: 0, stdout: '', stderr: '' });
  t.not(server.child.exitCode ?? server.child.signalCode ?? 'soon', 1);
  t.is((await server.ended).code, 0);
  t.like(await events.ended, fails(1, 'weft: live/events: the server closed the connection (ECONNRESET)\n'));
  t.like(await log.ended, fails(1, 'weft: log: the server closed the connection (ECONNRESET)\n'));
  t.is(again.child.exitCode, null, 'it was asked to wait for the next server');
  again.child.kill('SIGINT');
  t.is((await again.ended).code, 130);
  t.is((await weft(t, ['down'], { env })).code, 1);
});
