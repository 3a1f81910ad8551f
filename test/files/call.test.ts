import test from 'ava';
import { Call } from '../../src/files/call.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_NONBLOCK, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { POLLIN, POLLOUT } from '../../src/kernel/node.ts';
import { cat, drain, put } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

/** Answers when told to. */
const made = async (options: Parameters<typeof clientOn>[1] = {}) => {
  const world = newWorld();
  const asked: { input: string; answer: (text: string) => void; fail: (error: Error) => void; signal: AbortSignal }[] =
    [];
  const waiting: (() => void)[] = [];
  const node = new Call(world, {
    usage: 'write a prompt, read the answer\n',
    limit: 20,
    submit: (input, signal) =>
      new Promise((answer, fail) => {
        asked.push({ input: Buffer.from(input).toString(), answer, fail, signal });
        for (const wake of waiting.splice(0)) wake();
      }),
  });
  const submitted = async (count: number): Promise<void> => {
    while (asked.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { client: await clientOn(shelf(world, { ask: ['call', node] }), options), asked, submitted };
};

test('read first shows the usage and costs nothing', async (t) => {
  const { client, asked } = await made();
  const { mode, size } = await client.stat('/ask');
  t.deepEqual([mode, size], [0o100666, 0]);
  t.is(await cat(client, '/ask'), 'write a prompt, read the answer\n');
  const file = await client.open('/ask', O_RDWR | O_TRUNC);
  t.is(await drain(file), 'write a prompt, read the answer\n');
  await file.close();
  await (await client.open('/ask', O_WRONLY | O_TRUNC)).close();
  await client.truncate('/ask', 0);
  t.is(asked.length, 0);
});

for (const streamsAtZero of [false, true]) {
  test(`question and answer on one descriptor, offsets ${streamsAtZero ? '0' : 'running'}`, async (t) => {
    const { client, asked, submitted } = await made({ streamsAtZero });
    const file = await client.open('/ask', O_RDWR);
    await file.write('hello ');
    await file.flush();
    await file.fsync();
    await file.write('there');
    t.is(asked.length, 0);
    const reading = file.read(4);
    await submitted(1);
    t.is(asked[0]!.input, 'hello there');
    asked[0]!.answer('an answer\n');
    t.is((await reading).toString(), 'an a');
    t.is(await drain(file), 'nswer\n');
    t.is((await file.read()).length, 0);
    await file.write('next');
    const again = drain(file);
    await submitted(2);
    asked[1]!.answer('another\n');
    t.is(await again, 'another\n');
    t.is(asked[1]!.input, 'next');
    await file.close();
    t.is(asked.length, 2);
  });
}

test('where nobody reads it is submitted at the last close, which does not wait; it goes on', async (t) => {
  const { client, asked } = await made();
  await put(client, '/ask', 'do it');
  t.is(asked[0]!.input, 'do it');
  t.false(asked[0]!.signal.aborted);
  asked[0]!.fail(new Errno('EDQUOT'));
});

test('an aborted read is EINTR; the answer can still be read; the close stops it', async (t) => {
  const { client, asked, submitted } = await made();
  const file = await client.open('/ask', O_RDWR);
  await file.write('one');
  const reading = file.read();
  await submitted(1);
  file.interrupt();
  await t.throwsAsync(reading, { code: 'EINTR' });
  t.false(asked[0]!.signal.aborted);
  const again = drain(file);
  asked[0]!.answer('yes\n');
  t.is(await again, 'yes\n');
  await file.write('two');
  const second = file.read();
  await submitted(2);
  file.interrupt();
  await t.throwsAsync(second, { code: 'EINTR' });
  await file.close();
  t.true(asked[1]!.signal.aborted);
  t.is(asked.length, 2);
});

test('while it is answered a write is EBUSY', async (t) => {
  const { client, asked, submitted } = await made();
  const file = await client.open('/ask', O_RDWR);
  await file.write('one');
  const reading = drain(file);
  await submitted(1);
  await t.throwsAsync(file.write('two'), { code: 'EBUSY' });
  asked[0]!.answer('yes\n');
  t.is(await reading, 'yes\n');
  await file.close();
});

test('a request that fails fails the reads with its code, and the next write begins a new one', async (t) => {
  const { client, asked, submitted } = await made();
  const file = await client.open('/ask', O_RDWR);
  await file.write('one');
  const reading = file.read();
  await submitted(1);
  asked[0]!.fail(new Errno('ENODEV', 'no provider'));
  await t.throwsAsync(reading, { code: 'ENODEV' });
  await t.throwsAsync(file.read(), { code: 'ENODEV' });
  await file.write('two');
  const again = drain(file);
  await submitted(2);
  asked[1]!.answer('yes\n');
  t.is(await again, 'yes\n');
  await file.close();
});

test('what is larger than the limit is EFBIG and no part of it is ever submitted', async (t) => {
  const { client, asked, submitted } = await made();
  const file = await client.open('/ask', O_WRONLY);
  await file.write('x'.repeat(20));
  await t.throwsAsync(file.write('y'), { code: 'EFBIG' });
  await t.throwsAsync(file.write('z'), { code: 'EFBIG' });
  await file.close();
  t.is(asked.length, 0);
  const other = await client.open('/ask', O_RDWR);
  await t.throwsAsync(other.write('x'.repeat(21)), { code: 'EFBIG' });
  await t.throwsAsync(other.read(), { code: 'EFBIG' });
  await other.write('small');
  const reading = drain(other);
  await submitted(1);
  asked[0]!.answer('yes\n');
  t.is(await reading, 'yes\n');
  t.is(asked[0]!.input, 'small');
  await other.close();
});

test('O_NONBLOCK submits and is EAGAIN; poll wakes with the answer', async (t) => {
  const { client, asked } = await made();
  const file = await client.open('/ask', O_RDWR | O_NONBLOCK);
  await file.write('one');
  await t.throwsAsync(file.read(), { code: 'EAGAIN' });
  const woken = new Promise<void>((resolve) => t.is(client.session.poll(file.fid, resolve), 0));
  asked[0]!.answer('yes\n');
  await woken;
  t.is(client.session.poll(file.fid), POLLIN | POLLOUT);
  t.is(await drain(file), 'yes\n');
  await file.close();
});

test('poll on a descriptor that only writes submits nothing', async (t) => {
  const { client, asked } = await made();
  const file = await client.open('/ask', O_WRONLY);
  await file.write('half ');
  t.is(client.session.poll(file.fid), POLLOUT);
  t.is(asked.length, 0);
  await file.write('whole');
  await file.close();
  t.is(asked[0]!.input, 'half whole');
});

test('each descriptor has a conversation of its own', async (t) => {
  const { client, asked, submitted } = await made();
  const first = await client.open('/ask', O_RDWR);
  const second = await client.open('/ask', O_RDWR);
  await first.write('1');
  await second.write('2');
  const answers = [drain(first), drain(second)];
  await submitted(2);
  for (const { input, answer } of asked) answer(`to ${input}\n`);
  t.deepEqual(await Promise.all(answers), ['to 1\n', 'to 2\n']);
  await first.close();
  await second.close();
});
