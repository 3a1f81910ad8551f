import test from 'ava';
import { closeSync, constants, openSync } from 'node:fs';
import { checked, libc, SOCK_STREAM } from '../../src/native/libc.ts';

const linux = process.platform === 'linux' ? test : test.skip;
const POLLIN = 1;

linux('read, write and poll on a socket pair', async (t) => {
  const { socketpair, read, write, poll, pollLater } = await libc();
  const [a, b] = socketpair(SOCK_STREAM);
  t.is(poll(b, POLLIN, 0), 0);
  const woken = pollLater(b, POLLIN, 10_000);
  t.is(write(a, Buffer.from('hello'), 5), 5);
  t.is(await woken, POLLIN);
  const buffer = Buffer.alloc(8);
  t.is(read(b, buffer, 8), 5);
  t.is(buffer.toString('utf8', 0, 5), 'hello');
  closeSync(a);
  t.is(read(b, buffer, 8), 0);
  closeSync(b);
  t.is(read(b, buffer, 8), -9);
});

linux('a closed descriptor is minus EBADF, not an exception; a count past the buffer is refused', async (t) => {
  const { read } = await libc();
  const fd = openSync('/dev/null', constants.O_RDONLY);
  closeSync(fd);
  t.is(read(fd, Buffer.alloc(1), 1), -9);
  t.throws(() => read(fd, Buffer.alloc(1), 2), { instanceOf: RangeError });
});

linux('a failed call becomes an Errno', async (t) => {
  const { umountLater, mount } = await libc();
  const result = await umountLater('/nowhere/at/all', 0);
  t.throws(() => checked(result, 'umount2', '/nowhere/at/all'), { code: 'ENOENT' });
  t.true(mount('none', '/nowhere/at/all', 'nosuchtype', 0, '') < 0);
});

linux('a descriptor without a message is EAGAIN', async (t) => {
  const { socketpair, receiveDescriptor } = await libc();
  const [a, b] = socketpair(SOCK_STREAM);
  t.throws(() => checked(receiveDescriptor(b), 'recvmsg'), { code: 'EAGAIN' });
  closeSync(a);
  closeSync(b);
});

linux('a descriptor is made non-blocking', async (t) => {
  const { socketpair, setNonBlocking, read } = await libc();
  const [a, b] = socketpair(SOCK_STREAM);
  t.is(setNonBlocking(a), 0);
  t.is(read(a, Buffer.alloc(1), 1), -11);
  closeSync(a);
  closeSync(b);
  t.is(setNonBlocking(a), -9);
});
