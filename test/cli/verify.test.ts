import { mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { journalPrefix } from '../../src/agent/keys.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { put, within } from '../../src/drivers/store/store.ts';
import { begin, built, weft, type Started } from '../support/program.ts';

test.before(() => built());

interface Place {
  readonly state: string;
  readonly run: (...args: string[]) => ReturnType<typeof weft>;
  readonly up: () => Promise<Started>;
  readonly down: (server: Started) => Promise<void>;
}

const place = (t: ExecutionContext): Place => {
  const base = mkdtempSync(join(tmpdir(), 'weft-verify-'));
  t.teardown(() => rmSync(base, { recursive: true }));
  const state = join(base, 'state');
  return {
    state,
    run: (...args) => weft(t, args, { env: { WEFT_STATE: state } }),
    up: async () => {
      const server = begin(t, ['up', '--no-mount', '--state', state]);
      await server.says(/ready/);
      return server;
    },
    down: async (server) => {
      server.child.kill('SIGTERM');
      await server.ended;
    },
  };
};

/** Two agents with a tick each, and the server gone. */
const made = async (t: ExecutionContext): Promise<Place> => {
  const there = place(t);
  const server = await there.up();
  for (const name of ['ada', 'bob']) {
    await there.run('new', name);
    await there.run('tick', name, '--wait');
  }
  await there.down(server);
  return there;
};

/** Flips a byte of the record with this number, in the database itself. */
const flip = async (state: string, agent: number, seq: number): Promise<void> => {
  const store = await LevelStore.open(join(state, 'db'));
  for await (const [key, value] of store.range(within(journalPrefix(agent, 'trajectory')))) {
    const bytes = Buffer.from(value);
    const at = bytes.indexOf(`{"seq":${seq},`);
    if (at < 0) continue;
    bytes[at + 40]! ^= 1;
    await store.batch([put(key, bytes)]);
  }
  await store.close();
};

test('every chain holds: a line an agent with its count, with the server and without', async (t) => {
  const { state, run, up, down } = await made(t);
  const lines = /^ok ada: 10 records from 1, head 10 [0-9a-f]{64}\nok bob: 10 records from 1, head 10 [0-9a-f]{64}\n$/;
  const stored = await run('verify', '--state', state);
  t.like(stored, { code: 0, stderr: '' });
  t.regex(stored.stdout, lines);
  const server = await up();
  t.deepEqual(await run('verify'), stored);
  t.is((await run('verify', 'bob')).stdout, stored.stdout.split('\n')[1]! + '\n');
  const none = await run('verify', 'eve');
  t.is(none.code, 1);
  t.regex(none.stderr, /^weft: agents\/eve\/logs\/trajectory: .*\(ENOENT\)\n$/);
  const busy = await run('verify', '--state', state);
  t.is(busy.code, 1);
  t.regex(busy.stderr, /in use by process \d+ \(EBUSY\)\n$/);
  await down(server);
});

test('a byte flipped in the database names its record; the others are checked all the same', async (t) => {
  const { state, run, up, down } = await made(t);
  await flip(state, 1, 4);
  const stored = await run('verify', '--state', state);
  t.is(stored.code, 1);
  t.regex(
    stored.stderr,
    /^weft: agents\/ada\/logs\/trajectory: record 4 at byte \d+: it does not match its hash \(EBADMSG\)\n$/,
  );
  t.regex(stored.stdout, /^ok bob: 10 records from 1, .*\n$/);
  const server = await up();
  t.deepEqual(await run('verify'), stored);
  const one = await run('verify', 'ada');
  t.like(one, { code: 1, stdout: '', stderr: stored.stderr });
  await down(server);
});

test('the last record flipped: the server starts, goes on, and the record is still named', async (t) => {
  const { state, run, up, down } = await made(t);
  await flip(state, 1, 10);
  const server = await up();
  await run('tick', 'ada', '--wait');
  const found = await run('verify');
  t.is(found.code, 1);
  t.regex(found.stderr, /^weft: agents\/ada\/logs\/trajectory: record 10 at byte \d+: .* \(EBADMSG\)\n$/);
  await down(server);
});

test('whoever wrote down the heads sees that a whole chain was made anew', async (t) => {
  const { state, run } = await made(t);
  const heads = join(state, '..', 'heads');
  writeFileSync(heads, (await run('verify', '--state', state)).stdout);
  const again = await run('verify', '--state', state, '--heads', heads);
  t.is(again.code, 0);
  writeFileSync(heads, readFileSync(heads, 'utf8').replace(/(ok bob.*) [0-9a-f]{64}/, `$1 ${'0'.repeat(64)}`));
  const other = await run('verify', '--state', state, '--heads', heads);
  t.is(other.code, 1);
  t.regex(other.stderr, /agents\/bob\/logs\/trajectory: record 10 at byte \d+: it is not the record that was written/);
  writeFileSync(heads, 'nothing\n');
  t.regex((await run('verify', '--state', state, '--heads', heads)).stderr, /\(EINVAL\)\n$/);
});

/** Every file of the database with its bytes, and what lies beside it. */
const contents = (state: string): Record<string, string> => ({
  '..': readdirSync(state).join(' '),
  ...Object.fromEntries(
    readdirSync(join(state, 'db')).map((name) => [name, readFileSync(join(state, 'db', name), 'base64')]),
  ),
});

test('a store is left as it was found', async (t) => {
  const { state, run } = await made(t);
  const before = contents(state);
  t.is((await run('verify', '--state', state)).code, 0);
  t.deepEqual(contents(state), before);
  t.is((await run('verify', 'eve', '--state', state)).code, 1);
  t.deepEqual(contents(state), before);
});

test('a signal leaves no copy behind', async (t) => {
  const { state } = await made(t);
  const before = contents(state);
  const begun = new Promise<void>((resolve) => {
    const watcher = watch(state, (_event, name) => {
      if (!name?.startsWith('db.verify-')) return;
      watcher.close();
      resolve();
    });
  });
  const verify = begin(t, ['verify', '--state', state]);
  await begun;
  verify.child.kill('SIGINT');
  const { code } = await verify.ended;
  t.true(code === 130 || code === 0, 'it may have been ready');
  t.deepEqual(contents(state), before);
});

test('what LevelDB leaves out of a damaged log of its own is told', async (t) => {
  const { state, run, up, down } = await made(t);
  // A server that was killed leaves its newest writes in the log alone.
  const server = await up();
  await run('tick', 'ada', '--wait');
  server.child.kill('SIGKILL');
  await server.ended;
  const log = readdirSync(join(state, 'db'))
    .filter((name) => name.endsWith('.log'))
    .sort()
    .at(-1)!;
  const path = join(state, 'db', log);
  const bytes = readFileSync(path);
  bytes[bytes.length - 100]! ^= 1;
  writeFileSync(path, bytes);
  const before = contents(state);
  for (const time of ['first', 'second']) {
    const found = await run('verify', '--state', state);
    t.is(found.code, 1, time);
    t.regex(found.stderr, /the store lost \d+ bytes.* \(EBADMSG\)\n$/, time);
    t.deepEqual(contents(state), before, time);
  }
  const again = await up();
  t.regex((await run('cat', 'error')).stdout, /EBADMSG the store lost \d+ bytes/);
  t.regex((await run('cat', 'doctor')).stdout, /^fail store: the store lost \d+ bytes/m);
  await down(again);
});

test('a state directory without a store', async (t) => {
  const { state, run } = place(t);
  t.regex((await run('verify', '--state', state)).stderr, /^weft: .*\/state\/db: there is no store \(ENOENT\)\n$/);
});
