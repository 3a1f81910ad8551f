import test from 'ava';
import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { KeyPool } from '../../../src/drivers/keys/pool.ts';
import { SEALED } from '../../../src/drivers/keys/seal.ts';
import { verify } from '../../../src/drivers/keys/nostr.ts';
import { keyPool, newKeyPool } from '../../support/keys.ts';

const forever = new AbortController().signal;
setMaxListeners(0, forever);
const message = Buffer.from('what I say');

test('sealed keys sign, and talk to each other and themselves', async (t) => {
  const keys = keyPool();
  const [one, two] = await keys.generate([1, 2], forever);
  const ada = { agent: 1, sealed: one! };
  const bob = { agent: 2, sealed: two! };
  const { pubkey, npub } = await keys.names(ada, forever);
  t.regex(pubkey, /^[0-9a-f]{64}$/);
  t.regex(npub, /^npub1[a-z0-9]{58}$/);
  const signature = await keys.sign(ada, message, forever);
  t.true(verify(pubkey, signature, message));
  t.true(await keys.verify(pubkey, signature, message, forever));
  t.false(await keys.verify(pubkey, signature, Buffer.from('what I said'), forever));
  const { pubkey: other } = await keys.names(bob, forever);
  t.false(await keys.verify(other, signature, message, forever));
  const payload = await keys.encrypt(ada, other, 'for bob', forever);
  t.is(await keys.decrypt(bob, pubkey, payload, forever), 'for bob');
  t.is(await keys.decrypt(ada, other, payload, forever), 'for bob', 'who wrote it can read it');
  await t.throwsAsync(keys.decrypt(bob, other, payload, forever), { code: 'EBADMSG' });
  t.is(await keys.decrypt(ada, pubkey, await keys.encrypt(ada, pubkey, 'a note', forever), forever), 'a note');
  await t.throwsAsync(keys.encrypt(ada, 'f'.repeat(64), 'x', forever), { code: 'EINVAL', message: /^recipient: / });
  await t.throwsAsync(keys.decrypt(ada, '0'.repeat(64), payload, forever), { code: 'EINVAL', message: /^sender: / });
  t.false(await keys.verify('f'.repeat(64), signature, message, forever));
});

test('a sealed key is of no use to another agent, to another server, or changed', async (t) => {
  const keys = keyPool();
  const [sealed] = await keys.generate([1], forever);
  t.is(sealed!.length, SEALED);
  await t.notThrowsAsync(keys.names({ agent: 1, sealed: sealed! }, forever));
  await t.throwsAsync(keys.names({ agent: 2, sealed: sealed! }, forever), { code: 'EBADMSG' });
  await t.throwsAsync(keyPool(1).names({ agent: 1, sealed: sealed! }, forever), { code: 'EBADMSG' });
  for (const at of [0, 1, 30, SEALED - 1]) {
    const changed = Uint8Array.from(sealed!);
    changed[at]! ^= 1;
    await t.throwsAsync(keys.sign({ agent: 1, sealed: changed }, message, forever), { code: 'EBADMSG' });
  }
  await t.throwsAsync(keys.sign({ agent: 1, sealed: sealed!.subarray(1) }, message, forever), { code: 'EBADMSG' });
  await t.throwsAsync(keys.sign({ agent: 1, sealed: new Uint8Array(0) }, message, forever), { code: 'EBADMSG' });
});

test('keys are all different', async (t) => {
  const keys = keyPool();
  const made = await keys.generate(Array<number>(50).fill(1), forever);
  const names = await Promise.all(made.map((sealed) => keys.names({ agent: 1, sealed }, forever)));
  t.is(new Set(names.map(({ pubkey }) => pubkey)).size, 50);
});

test('the mark tells one server key from another', (t) => {
  const key = new Uint8Array(32).fill(1);
  t.is(newKeyPool(key).mark, newKeyPool(key).mark);
  t.not(newKeyPool(key).mark, newKeyPool().mark);
});

test('what gives up is over at once, whether it waits or runs', async (t) => {
  const keys = keyPool();
  const [sealed] = await keys.generate([1], forever);
  const key = { agent: 1, sealed: sealed! };
  const given = AbortSignal.abort();
  await t.throwsAsync(keys.sign(key, message, given), { code: 'EINTR' });
  const abort = new AbortController();
  const asked = Array.from({ length: 10 }, () => keys.sign(key, message, abort.signal));
  abort.abort();
  for (const one of asked) await t.throwsAsync(one, { code: 'EINTR' });
  t.regex(await keys.sign(key, message, forever), /^[0-9a-f]{128}$/, 'and the next is served');
});

test('too much at once is EAGAIN, and what waits at the end is ESTALE', async (t) => {
  const shared = new Uint8Array(new SharedArrayBuffer(32)).fill(9);
  const keys = new KeyPool(shared);
  const width = Math.max(1, Math.min(2, availableParallelism() - 1));
  const asked = Array.from({ length: 1_024 + width }, () => keys.generate([1], forever));
  const ends = Promise.allSettled(asked);
  await t.throwsAsync(keys.generate([1], forever), { code: 'EAGAIN' });
  const big = new Uint8Array(1024 * 1024);
  await keys.close();
  const codes = (await ends).map((end) =>
    end.status === 'fulfilled' ? 'made' : (end.reason as { code?: string }).code,
  );
  t.deepEqual(new Set(codes.slice(width)), new Set(['ESTALE']));
  await t.throwsAsync(keys.verify('', '', big, forever), { code: 'ESTALE' });
  t.deepEqual([...shared], Array<number>(32).fill(0), 'the server key is wiped');
});

test('so are too many bytes', async (t) => {
  const keys = keyPool();
  const big = new Uint8Array(1024 * 1024);
  const asked = Array.from({ length: 70 }, () => keys.verify('0'.repeat(64), '0'.repeat(128), big, forever));
  const ends = await Promise.allSettled(asked);
  t.true(ends.some((end) => end.status === 'rejected' && (end.reason as { code?: string }).code === 'EAGAIN'));
  t.true(ends.some((end) => end.status === 'fulfilled' && !end.value));
});
