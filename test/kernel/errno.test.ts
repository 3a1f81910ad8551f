import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import test from 'ava';
import { Errno, isCode, numberOf, textOf, type Code } from '../../src/kernel/errno.ts';

test('numbers and names are those of Linux', (t) => {
  if (process.platform !== 'linux') {
    t.pass('another system has other numbers');
    return;
  }
  for (const [number, [code]] of getSystemErrorMap()) {
    if (isCode(code)) t.is(numberOf(code), -number, code);
  }
  t.is(numberOf('ENOKEY'), 126);
  t.is(numberOf('EDQUOT'), constants.errno.EDQUOT);
});

test('every code of the contract has a number and the C library’s words', (t) => {
  const contract =
    'ENOENT EEXIST ENOTDIR EISDIR ENOTEMPTY ENAMETOOLONG EACCES EPERM EINVAL EBUSY EFBIG ENOSPC EDQUOT EAGAIN ETIMEDOUT ' +
    'ECANCELED EINTR ELOOP EMLINK ENOKEY ENODEV EHOSTUNREACH EBADMSG ENOTSUP ESTALE EIO';
  for (const code of contract.split(' ')) t.true(isCode(code), code);
  // Linux's 9P client compares plain text with these (net/9p/error.c).
  t.is(textOf('ENOENT'), 'No such file or directory');
  t.is(textOf('EACCES'), 'Permission denied');
  t.false(isCode('ENONSENSE'));
  t.false(isCode('toString'));
});

test('born with its code; from numbers and failed system calls', (t) => {
  const error = new Errno('EBUSY', 'ada works', { path: '/agents/ada', op: 'rmdir' });
  t.like(error, { code: 'EBUSY', message: 'ada works', path: '/agents/ada', op: 'rmdir', number: 16, name: 'Errno' });
  t.is(new Errno('EBUSY').message, 'Device or resource busy');
  t.is(Errno.ofNumber(2).code, 'ENOENT');
  t.like(Errno.ofNumber(9999), { code: 'EIO', message: 'errno 9999' });
  const cause = Object.assign(new Error('nope'), { code: 'ENOSPC' });
  t.like(Errno.ofSystem(cause), { code: 'ENOSPC', cause });
  t.like(Errno.ofSystem(new TypeError('x')), { code: 'EIO' });
  t.is(Errno.ofSystem(error), error);
});

test('what an exporter answers: itself, EINTR for an abort, EIO for a defect, which is told once', (t) => {
  const told: unknown[] = [];
  const of = (error: unknown): Code => Errno.from(error, (cause) => told.push(cause)).code;
  t.is(of(new Errno('ESTALE')), 'ESTALE');
  t.is(of(AbortSignal.abort().reason), 'EINTR');
  t.deepEqual(told, []);
  const defect = new TypeError('x is undefined');
  t.is(of(defect), 'EIO');
  t.deepEqual(told, [defect]);
});
