import test from 'ava';
import { Text } from '../../src/files/text.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_RDONLY, O_RDWR, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain, put } from '../conformance/client.ts';
import { SessionClient } from '../conformance/session-client.ts';
import { sessionOn } from '../support/nodes.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { MemoryDocument } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';
import { Value } from '../../src/files/value.ts';

const counter = () => {
  const world = newWorld();
  const made = { content: 'one\n', renders: 0 };
  const node = new Text(world, () => {
    made.renders++;
    return made.content;
  });
  return { world, made, node };
};

test('mode 0444 and the size that is rendered', async (t) => {
  const { world, node } = counter();
  const client = await clientOn(shelf(world, { status: ['text', node] }));
  const stat = await client.stat('/status');
  t.deepEqual([stat.mode, stat.size], [0o100444, 4]);
  t.is(await cat(client, '/status'), 'one\n');
});

test('one open sees one snapshot, whatever happens meanwhile', async (t) => {
  const { world, made, node } = counter();
  const client = await clientOn(shelf(world, { status: ['text', node] }));
  const file = await client.open('/status', 0);
  t.is((await file.read(2)).toString(), 'on');
  made.content = 'another\n';
  t.is(await drain(file), 'e\n');
  await file.close();
});

test('an open within a second of a stat shows what the stat measured, later what is', async (t) => {
  const { world, made, node } = counter();
  const client = await clientOn(shelf(world, { status: ['text', node] }));
  const { size } = await client.stat('/status');
  made.content = 'something longer\n';
  world.at += 999;
  t.is((await cat(client, '/status')).length, size);
  world.at += 1;
  t.is(await cat(client, '/status'), 'something longer\n');
});

test('that holds for each of two clients that look in turn', async (t) => {
  const { world, made, node } = counter();
  const { session, namespace, changes } = await sessionOn(shelf(world, { status: ['text', node] }));
  const one = new SessionClient(session);
  const { Session } = await import('../../src/kernel/session.ts');
  const two = new SessionClient(new Session({ namespace, changes, subject: session.subject }));
  const measured = await one.stat('/status');
  made.content = 'something longer\n';
  world.at += 500;
  t.is((await two.stat('/status')).size, 17);
  t.is((await cat(one, '/status')).length, measured.size);
});

test('what a client changes itself it sees at once', async (t) => {
  const { world, made, node } = counter();
  const document = new MemoryDocument('x');
  const client = await clientOn(shelf(world, { status: ['text', node], value: ['value', new Value(world, document)] }));
  await client.stat('/status');
  made.content = 'changed by the write\n';
  await put(client, '/value', 'y');
  t.is(await cat(client, '/status'), 'changed by the write\n');
});

test('opening to write is EACCES, also for the operator', async (t) => {
  const { world, node } = counter();
  const client = await clientOn(shelf(world, { status: ['text', node] }));
  await t.throwsAsync(client.open('/status', O_WRONLY), { code: 'EACCES' });
  await t.throwsAsync(client.open('/status', O_RDWR), { code: 'EACCES' });
  await t.throwsAsync(client.truncate('/status', 0), { code: 'EACCES' });
});

test('the refusal to open for writing stands in `error`; one to look does not', async (t) => {
  const { world, node } = counter();
  const refused: string[] = [];
  const root = shelf(world, { status: ['text', node] }, ({ path, op, error }) => {
    refused.push(`${op} ${path} ${error.code}`);
  });
  const client = await clientOn(root);
  await t.throwsAsync(client.open('/status', O_WRONLY), { code: 'EACCES' });
  await t.throwsAsync(client.open('/nothing', O_RDONLY), { code: 'ENOENT' });
  t.deepEqual(refused, ['open status EACCES']);
});

test('mtime and version change with the content and not with looking', async (t) => {
  const { world, made, node } = counter();
  const client = await clientOn(shelf(world, { status: ['text', node] }));
  const first = await client.stat('/status');
  world.at += 60_000;
  t.is((await client.stat('/status')).mtimeMs, first.mtimeMs);
  world.at += 60_000;
  made.content = 'two\n';
  t.is((await client.stat('/status')).mtimeMs, world.at);
});

test('a fixed text is rendered once, and again when it is told that it changed', async (t) => {
  const world = newWorld();
  let content = 'a';
  let renders = 0;
  const node = new Text(
    world,
    () => {
      renders++;
      return content;
    },
    { fixed: true },
  );
  const client = await clientOn(shelf(world, { README: ['text', node] }));
  await client.stat('/README');
  world.at += 1e6;
  t.is(await cat(client, '/README'), 'a');
  t.is(renders, 1);
  const heard: number[] = [];
  world.changes.subscribe({ attributes: (qid) => void heard.push(qid), entry: () => undefined });
  content = 'b';
  node.changed();
  t.is(heard.length, 1);
  t.is(await cat(client, '/README'), 'b');
});

test('what cannot be rendered fails the open with its code', async (t) => {
  const world = newWorld();
  const node = new Text(world, async () => {
    throw new Errno('ENOKEY', 'the vault is locked');
  });
  const client = await clientOn(shelf(world, { key: ['text', node] }));
  await t.throwsAsync(client.open('/key', 0), { code: 'ENOKEY' });
});
