import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeDirectories } from '../../src/cli/directories.ts';
import { temporary } from '../support/temporary.ts';

test('a directory is made with those above it, and what is there stays', (t) => {
  const base = temporary(t);
  makeDirectories(join(base, 'a', 'b', 'c'), 0o700);
  makeDirectories(join(base, 'a', 'b', 'c'), 0o755);
  t.is(statSync(join(base, 'a', 'b', 'c')).mode & 0o777, 0o700);
});

test('a file in the way is EEXIST or ENOTDIR', (t) => {
  const base = temporary(t);
  writeFileSync(join(base, 'file'), '');
  t.throws(() => makeDirectories(join(base, 'file')), { code: 'EEXIST' });
  t.throws(() => makeDirectories(join(base, 'file', 'below')), { code: 'ENOTDIR' });
});

const proc = existsSync('/proc/self') ? test : test.skip;
proc('where a directory that exists takes no new names, it fails and does not try for ever', (t) => {
  t.throws(() => makeDirectories('/proc/nope/below'), { code: 'ENOENT' });
});
