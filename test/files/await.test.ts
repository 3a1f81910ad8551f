import test from 'ava';
import { Await } from '../../src/files/await.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_NONBLOCK, O_WRONLY } from '../../src/kernel/mode.ts';
import { POLLIN } from '../../src/kernel/node.ts';
import { drain } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

const made = async () => {
  const world = newWorld();
  const made = {
    begun: 0,
    ended: 0,
    meet: (_text: string): void => undefined,
    fail: (_error: Errno): void => undefined,
  };
  const node = new Await(world, (signal) => {
    made.begun++;
    signal.addEventListener('abort', () => made.ended++);
    return new Promise((resolve, reject) => {
      made.meet = resolve;
      made.fail = reject;
    });
  });
  return { made, client: await clientOn(shelf(world, { wait: ['await', node] })) };
};

test('open returns at once and waits for nothing; the first read blocks, then a snapshot and the end', async (t) => {
  const { made: state, client } = await made();
  const file = await client.open('/wait', 0);
  t.is(state.begun, 0);
  const reading = file.read(3);
  await client.stat('/wait');
  state.meet('idle\n');
  t.is((await reading).toString(), 'idl');
  t.is(await drain(file), 'e\n');
  await file.close();
  t.is(state.begun, 1);
});

test('each open waits for itself, and its close ends the wait', async (t) => {
  const { made: state, client } = await made();
  const file = await client.open('/wait', 0);
  const reading = file.read();
  await Promise.resolve();
  file.interrupt();
  await t.throwsAsync(reading, { code: 'EINTR' });
  t.is(state.ended, 0);
  await file.close();
  t.is(state.ended, 1);
});

test('an interrupted read can be tried again on the same descriptor', async (t) => {
  const { made: state, client } = await made();
  const file = await client.open('/wait', 0);
  const reading = file.read();
  file.interrupt();
  await t.throwsAsync(reading, { code: 'EINTR' });
  const again = drain(file);
  state.meet('idle\n');
  t.is(await again, 'idle\n');
  t.is(state.begun, 1);
  await file.close();
});

test('O_NONBLOCK is EAGAIN until the condition holds; poll wakes', async (t) => {
  const { made: state, client } = await made();
  const file = await client.open('/wait', O_NONBLOCK);
  await t.throwsAsync(file.read(), { code: 'EAGAIN' });
  const woken = new Promise<void>((resolve) => t.is(client.session.poll(file.fid, resolve), 0));
  state.meet('idle\n');
  await woken;
  t.is(client.session.poll(file.fid), POLLIN);
  t.is(await drain(file), 'idle\n');
  await file.close();
});

test('a wait that fails fails the read with its code, also where the reader polls', async (t) => {
  const { made: state, client } = await made();
  const file = await client.open('/wait', O_NONBLOCK);
  const woken = new Promise<void>((resolve) => client.session.poll(file.fid, resolve));
  state.fail(new Errno('ESTALE', 'the agent is gone'));
  await woken;
  t.is(client.session.poll(file.fid), POLLIN);
  await t.throwsAsync(file.read(), { code: 'ESTALE' });
  await file.close();
});

test('stat is 0444 and size 0; writing is EACCES', async (t) => {
  const { made: state, client } = await made();
  const { mode, size } = await client.stat('/wait');
  t.deepEqual([mode, size], [0o100444, 0]);
  await t.throwsAsync(client.open('/wait', O_WRONLY), { code: 'EACCES' });
  t.is(state.begun, 0);
});
