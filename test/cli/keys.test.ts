import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { begin, built, weft, type Started } from '../support/program.ts';
import { temporary } from '../support/temporary.ts';

// The program as it is installed: what keys run in is a file beside the bundle.

test.before(built);

const end = async (server: Started): Promise<void> => {
  server.child.kill('SIGTERM');
  await server.ended;
};

test('the installed program has keys, and without its own it does not start and loses nothing', async (t) => {
  const state = join(temporary(t), 'state');
  const address = `unix:${join(state, '9p.sock')}`;
  const up = async (): Promise<Started> => {
    const server = begin(t, ['up', '--state', state, '--no-mount', '--examples']);
    await server.says(/ready/);
    return server;
  };
  const pubkey = async (): Promise<string> =>
    (await weft(t, ['cat', '--addr', address, 'agents/ada/identity/pubkey'])).stdout;

  let server = await up();
  const key = join(state, 'keys', 'server.key');
  t.is(statSync(key).mode & 0o777, 0o600);
  const before = readFileSync(key);
  t.is(before.length, 32);
  const known = await pubkey();
  t.regex(known, /^[0-9a-f]{64}\n$/);
  await end(server);

  renameSync(key, `${key}.away`);
  const refused = await begin(t, ['up', '--state', state, '--no-mount']).ended;
  t.is(refused.code, 1);
  t.regex(refused.stderr, /^weft: .*server\.key: it is missing.*\(ENOKEY\)\n$/);
  t.throws(() => statSync(key), { code: 'ENOENT' });

  writeFileSync(key, Buffer.alloc(32, 7), { mode: 0o600 });
  const another = await begin(t, ['up', '--state', state, '--no-mount']).ended;
  t.is(another.code, 1);
  t.regex(another.stderr, /\(ENOKEY\)\n$/);
  rmSync(key);

  renameSync(`${key}.away`, key);
  chmodSync(key, 0o644);
  server = await up();
  t.is(statSync(key).mode & 0o777, 0o600);
  t.is(await pubkey(), known);
  await end(server);
  const log = readFileSync(join(state, 'server.log'), 'utf8');
  t.regex(log, /"warn".*0644/);
  t.false(log.includes(before.toString('hex')));
});
