import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { removeServer, runningServer, writeServer } from '../../src/cli/server-file.ts';
import { prepare, stateAt } from '../../src/cli/state.ts';

const base = mkdtempSync(join(tmpdir(), 'weft-state-'));
test.after.always(() => rmSync(base, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('the state directory is made private, with those above it', (t) => {
  const state = stateAt(join(base, 'a', 'b', 'weft'));
  prepare(state);
  for (const path of [state.directory, state.work, state.keys]) t.is(modeOf(path), 0o700);
  prepare(state);
  t.pass('again is no error');
});

test('an empty directory is taken, one of weft is made private again', (t) => {
  const state = stateAt(join(base, 'empty'));
  mkdirSync(state.directory, { mode: 0o755 });
  prepare(state);
  t.is(modeOf(state.directory), 0o700);
  writeFileSync(state.config, '');
  chmodSync(state.directory, 0o755);
  prepare(state);
  t.is(modeOf(state.directory), 0o700);
});

test("somebody's directory is refused and stays as it is", (t) => {
  const state = stateAt(join(base, 'home'));
  mkdirSync(state.directory, { mode: 0o755 });
  writeFileSync(join(state.directory, 'thesis.tex'), '');
  const error = t.throws(() => prepare(state), { code: 'ENOTEMPTY' });
  t.is((error as { path?: string }).path, state.directory);
  t.is(modeOf(state.directory), 0o755);
  t.false(existsSync(state.work));
  chmodSync(state.directory, 0o700);
  t.throws(() => prepare(state), { code: 'ENOTEMPTY', message: /must be empty or one of weft/ }, 'also a private one');
  t.false(existsSync(state.work));
});

test('a state directory stays one, whatever was added to it', (t) => {
  const state = stateAt(join(base, 'mine'));
  prepare(state);
  mkdirSync(state.db);
  for (const name of ['server.log.1', 'config.yaml', 'server.json.12.tmp'])
    writeFileSync(join(state.directory, name), '');
  prepare(state);
  writeFileSync(join(state.directory, 'README'), '');
  t.throws(() => prepare(state), { code: 'ENOTEMPTY' }, 'nothing in it was ever stored');
  writeFileSync(join(state.db, 'CURRENT'), 'MANIFEST-000001\n');
  t.notThrows(() => prepare(state));
});

test('a file where the directory should be is an error with its path', (t) => {
  const path = join(base, 'file');
  writeFileSync(path, '');
  t.throws(() => prepare(stateAt(path)), { code: 'EEXIST' });
});

test('server.json names a live server only', (t) => {
  const state = stateAt(join(base, 'server'));
  prepare(state);
  t.is(runningServer(state), undefined);
  writeServer(state, { version: '1', mount: '/m', addresses: ['unix:/x'] });
  t.is(modeOf(state.server), 0o600);
  t.like(runningServer(state), { pid: process.pid, mount: '/m', addresses: ['unix:/x'] });
  const ours = JSON.parse(readFileSync(state.server, 'utf8')) as object;
  for (const other of [{ pid: 2 ** 22 + 1 }, { started: 1 }, { pid: -1 }, { addresses: 'x' }]) {
    writeFileSync(state.server, JSON.stringify({ ...ours, ...other }));
    t.is(runningServer(state), undefined);
    removeServer(state);
    t.true(existsSync(state.server), "another's file stays");
  }
  writeFileSync(state.server, '{"pid":');
  t.is(runningServer(state), undefined);
  writeServer(state, { version: '1', addresses: [] });
  removeServer(state);
  t.false(existsSync(state.server));
});
