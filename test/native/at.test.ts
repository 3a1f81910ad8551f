import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_PATH, at } from '../../src/native/at.ts';
import { temporary } from '../support/temporary.ts';

test('a failure is minus errno, a success what the call returns', (t) => {
  const { openat, statx, close, mkdirat, unlinkat } = at();
  const path = temporary(t);
  t.is(openat(AT_FDCWD, join(path, 'none'), O_PATH, 0), -2);
  t.is(statx(-1, 'a', 0), -9);
  t.is(close(-1), -9);
  const dir = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
  t.true(dir > 2);
  t.is(mkdirat(dir, 'sub', 0o755), 0);
  t.is(mkdirat(dir, 'sub', 0o755), -17);
  t.is(unlinkat(dir, 'sub', 0), -21);
  t.is(close(dir), 0);
});

test('statx fills the words that are read from it', (t) => {
  const { statx, stat } = at();
  const path = join(temporary(t), 'f');
  fs.writeFileSync(path, 'twelve bytes');
  t.is(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW), 0);
  const real = fs.statSync(path);
  t.is(stat[7]! & 0xffff, real.mode);
  t.is(stat[8], real.ino);
  t.is(stat[10], 12);
});

test('counts are held against the buffer', (t) => {
  const { preadNow, pwrite } = at();
  t.throws(() => preadNow(0, new Uint8Array(4), 5, 0), { instanceOf: RangeError });
  t.throws(() => pwrite(1, new Uint8Array(4), 5, 0), { instanceOf: RangeError });
});

test('names may be bytes that are no UTF-8', (t) => {
  const path = temporary(t);
  t.is(at().symlinkat('to\udcff', AT_FDCWD, `${path}/\udc80`), 0);
  t.is(fs.readdirSync(path, { encoding: 'buffer' })[0]?.toString('hex'), '80');
  const into = Buffer.alloc(16);
  t.is(at().readlinkat(AT_FDCWD, `${path}/\udc80`, into), 3);
  t.is(into.toString('hex', 0, 3), '746fff');
});
