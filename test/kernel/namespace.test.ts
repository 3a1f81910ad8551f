import test from 'ava';
import { Stream } from '../../src/files/stream.ts';
import { Text } from '../../src/files/text.ts';
import { Value } from '../../src/files/value.ts';
import { Changes } from '../../src/kernel/changes.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_CREAT, O_RDONLY, O_WRONLY } from '../../src/kernel/mode.ts';
import { clean, Namespace } from '../../src/kernel/namespace.ts';
import type { Dir } from '../../src/kernel/node.ts';
import { POLLHUP, POLLIN } from '../../src/kernel/node.ts';
import { parse } from '../../src/kernel/nsfile.ts';
import { Request } from '../../src/kernel/request.ts';
import { Session } from '../../src/kernel/session.ts';
import { agent, operator, type Subject } from '../../src/kernel/subject.ts';
import { cat, names, put } from '../conformance/client.ts';
import { SessionClient } from '../conformance/session-client.ts';
import { MemoryDir, MemoryFile } from '../support/nodes.ts';
import { shelf } from '../support/shelf.ts';
import { MemoryDocument, Records } from '../support/sources.ts';
import { world as newWorld } from '../support/world.ts';

const request = new Request(operator);

/** A namespace with #root on / and some other devices. */
const made = async (devices: Record<string, Dir>) => {
  const changes = new Changes();
  const namespace = new Namespace((source) => {
    const device = devices[source];
    if (!device) throw new Errno('ENOENT', `no source ${source}`);
    return device;
  }, changes);
  await namespace.bind('#root', '/', {}, request);
  const on = (subject: Subject = operator): SessionClient =>
    new SessionClient(new Session({ namespace, changes, subject }));
  return { changes, namespace, on, client: on() };
};

const devices = () => ({
  '#root': new MemoryDir({
    a: new MemoryDir({ one: new MemoryFile('a one\n'), both: new MemoryFile('a both\n') }),
    n: new MemoryDir(),
    file: new MemoryFile('x'),
  }),
  '#b': new MemoryDir({ two: new MemoryFile('b two\n'), both: new MemoryFile('b both\n') }),
  '#c': new MemoryDir({ three: new MemoryFile('c three\n') }),
});

test('bind replaces what was there, unmount brings it back', async (t) => {
  const { namespace, client } = await made(devices());
  await namespace.bind('#b', '/a', {}, request);
  t.deepEqual(await names(client, '/a'), ['two', 'both']);
  t.is(await cat(client, '/a/both'), 'b both\n');
  await namespace.unmount('/a', undefined, request);
  t.deepEqual(await names(client, '/a'), ['one', 'both']);
});

test('a path of the namespace is a source too, wherever it lies', async (t) => {
  const { namespace, client } = await made(devices());
  await namespace.bind('/a', '/n', {}, request);
  t.is(await cat(client, '/n/one'), 'a one\n');
  await t.throwsAsync(namespace.bind('/none', '/n', {}, request), { code: 'ENOENT' });
  await t.throwsAsync(namespace.bind('/file', '/n', {}, request), { code: 'ENOTDIR' });
  await t.throwsAsync(namespace.bind('#b', '/file', {}, request), { code: 'ENOTDIR' });
  await t.throwsAsync(namespace.bind('#b', '/none', {}, request), { code: 'ENOENT' });
  await t.throwsAsync(namespace.bind('#none', '/n', {}, request), { code: 'ENOENT' });
  await t.throwsAsync(namespace.bind('#b', 'n', {}, request), { code: 'EINVAL' });
  await t.throwsAsync(namespace.unmount('/a', undefined, request), { code: 'EINVAL' });
  await t.throwsAsync(namespace.unmount('/n', '#b', request), { code: 'EINVAL' });
});

test('a union is searched in order: -b before, -a after', async (t) => {
  const { namespace, client } = await made(devices());
  await namespace.bind('#b', '/a', { order: 'after' }, request);
  t.deepEqual(await names(client, '/a'), ['one', 'both', 'two']);
  t.is(await cat(client, '/a/both'), 'a both\n');
  await namespace.bind('#c', '/a', { order: 'before' }, request);
  t.deepEqual(await names(client, '/a'), ['three', 'one', 'both', 'two']);
  await namespace.unmount('/a', '#b', request);
  t.deepEqual(await names(client, '/a'), ['three', 'one', 'both']);
  await t.throwsAsync(cat(client, '/a/two'), { code: 'ENOENT' });
  const { namespace: other, client: third } = await made(devices());
  await other.bind('#b', '/a', { order: 'before' }, request);
  t.is(await cat(third, '/a/both'), 'b both\n');
});

test('new names go where -c says, else where the union was made over', async (t) => {
  const given = devices();
  const { namespace, client } = await made(given);
  await namespace.bind('#b', '/a', { order: 'before' }, request);
  await put(client, '/a/new', 'x');
  t.false(given['#b'].children.has('new'));
  await namespace.bind('#c', '/a', { order: 'before', create: true }, request);
  await put(client, '/a/newer', 'x');
  t.true(given['#c'].children.has('newer'));
  await client.mkdir('/a/sub');
  t.true(given['#c'].children.has('sub'));
});

test('a name of a union is removed and renamed in the layer that holds it', async (t) => {
  const given = devices();
  const { namespace, client } = await made(given);
  await namespace.bind('#b', '/a', { order: 'after' }, request);
  await client.rename('/a/two', '/a/zwei');
  t.true(given['#b'].children.has('zwei'));
  await client.unlink('/a/both');
  t.is(await cat(client, '/a/both'), 'b both\n');
  await client.unlink('/a/both');
  t.deepEqual(await names(client, '/a'), ['one', 'zwei']);
});

test('a layer of a union is judged by its own table, also in the listing', async (t) => {
  const world = newWorld();
  const text = (content: string): Text => new Text(world, () => content);
  const first = shelf(world, { shown: ['text', text('1'), 'r'], 'first-only': ['text', text('1'), '-'] });
  const second = shelf(world, {
    secret: ['text', text('2'), '-'],
    'first-only': ['text', text('2'), 'r'],
    other: ['text', text('2'), 'r'],
  });
  const root = shelf(world, { d: ['dir', first, 'r'] });
  const { namespace, on } = await made({ '#root': root, '#second': second });
  await namespace.bind('#second', '/d', { order: 'after' }, request);
  const client = on(agent('ada'));
  t.deepEqual(await names(client, '/d'), ['shown', 'other']);
  await t.throwsAsync(client.stat('/d/secret'), { code: 'ENOENT' });
  await t.throwsAsync(client.stat('/d/first-only'), { code: 'ENOENT' });
  t.is(await cat(client, '/d/other'), '2');
});

test('a mount point is listed as what covers it, cannot be removed or renamed, and has the rights of its name', async (t) => {
  const world = newWorld();
  const root = shelf(world, { a: ['dir', shelf(world, {}), '-'], b: ['dir', shelf(world, {}), 'r'] });
  const { namespace, client, on } = await made({ '#root': root, '#m': new MemoryDir({ x: new MemoryFile('x') }) });
  await namespace.mount('#m', '/a', {}, request);
  await namespace.mount('#m', '/b', {}, request);
  for (const { name, ino } of await client.list('/')) t.is(ino, (await client.stat(`/${name}`)).ino, name);
  await t.throwsAsync(client.rmdir('/a'), { code: 'EBUSY' });
  await t.throwsAsync(client.rename('/a', '/c'), { code: 'EBUSY' });
  const ada = on(agent('ada'));
  t.deepEqual(await names(ada, '/'), ['b']);
  t.is(await cat(ada, '/b/x'), 'x');
  await t.throwsAsync(ada.open('/b/x', O_WRONLY), { code: 'EACCES' });
  await t.throwsAsync(ada.stat('/a/x'), { code: 'ENOENT' });
});

test('.. and the paths go over a mount', async (t) => {
  const { namespace, client } = await made(devices());
  await namespace.bind('#b', '/a', {}, request);
  t.is(await cat(client, '/a/../file'), 'x');
  t.is((await client.stat('/a/..')).ino, (await client.stat('/')).ino);
  t.is((await client.stat('/..')).ino, (await client.stat('/')).ino);
});

test('an unmount ends what is open below: ESTALE, and what was staged does not act', async (t) => {
  const world = newWorld();
  const document = new MemoryDocument('old');
  const given = { ...devices(), '#v': shelf(world, { v: ['value', new Value(world, document)] }) };
  const { namespace, client } = await made(given);
  await namespace.bind('#v', '/n', {}, request);
  const reader = await client.open('/n/v', O_RDONLY);
  const writer = await client.open('/n/v', O_WRONLY);
  await writer.write('new');
  await writer.fsync();
  const walked = await client.fid('/n');
  const { session } = client;
  await session.walk(walked, 1000, [], session.request());
  await session.open(1000, O_RDONLY, session.request());
  await session.entries(1000, true, session.request());
  await namespace.unmount('/n', undefined, request);
  await t.throwsAsync(reader.read(), { code: 'ESTALE' });
  await t.throwsAsync(writer.write('x'), { code: 'ESTALE' });
  await t.throwsAsync(writer.fsync(), { code: 'ESTALE' });
  await t.throwsAsync(async () => session.entries(1000, false, session.request()), { code: 'ESTALE' });
  await t.throwsAsync(async () => session.stat(walked, session.request()), { code: 'ESTALE' });
  await t.throwsAsync(async () => session.walk(walked, 2000, ['v'], session.request()), { code: 'ESTALE' });
  await t.throwsAsync(writer.close(), { code: 'ESTALE' });
  t.deepEqual([document.content, document.counts.dropped], ['old', 1]);
  t.deepEqual(await names(client, '/n'), []);
});

test('a read that waits ends with ESTALE, a poll wakes with POLLHUP', async (t) => {
  const world = newWorld();
  const records = new Records();
  const stream = new Stream(world, records.follow);
  const { namespace, client } = await made({ ...devices(), '#s': shelf(world, { events: ['stream', stream] }) });
  await namespace.bind('#s', '/n', {}, request);
  const file = await client.open('/n/events', O_RDONLY);
  const polled = await client.open('/n/events', O_RDONLY);
  const reading = file.read();
  const woken = new Promise<void>((resolve) => t.is(client.session.poll(polled.fid, resolve), 0));
  await namespace.unmount('/n', undefined, request);
  records.add('too late\n');
  await t.throwsAsync(reading, { code: 'ESTALE' });
  await woken;
  t.is(client.session.poll(polled.fid), POLLIN | POLLHUP);
  await t.throwsAsync(file.close(), { code: 'ESTALE' });
  await t.throwsAsync(polled.close(), { code: 'ESTALE' });
  t.is(records.cursors.size, 0);
});

test('of a union only what came from the layer that went is ended, also a file that was made there', async (t) => {
  const { namespace, client } = await made(devices());
  await namespace.bind('#b', '/a', { order: 'after', create: true }, request);
  await namespace.bind('#c', '/a', { order: 'before', create: true }, request);
  const one = await client.open('/a/one', O_RDONLY);
  const three = await client.open('/a/three', O_RDONLY);
  const fresh = await client.open('/a/new', O_WRONLY | O_CREAT);
  await namespace.unmount('/a', '#c', request);
  t.is((await one.read()).toString(), 'a one\n');
  await t.throwsAsync(three.read(), { code: 'ESTALE' });
  await t.throwsAsync(fresh.write('x'), { code: 'ESTALE' });
});

test('changes of the table are announced: the name that is covered, or every name in the root', async (t) => {
  const { namespace, changes } = await made(devices());
  const heard: string[] = [];
  changes.subscribe({ attributes: () => undefined, entry: (_, name) => heard.push(name) });
  await namespace.bind('#b', '/a', {}, request);
  t.deepEqual(heard.splice(0), ['a']);
  await namespace.bind('#c', '/', { order: 'before' }, request);
  t.true(['three', 'a', 'n', 'file'].every((name) => heard.includes(name)));
  heard.length = 0;
  await namespace.unmount('/', '#c', request);
  t.true(heard.includes('three'));
});

test('the mount table is a namespace file that makes the same again', async (t) => {
  const { namespace } = await made({ ...devices(), "#it's $odd": new MemoryDir() });
  await namespace.bind('#b', '/a', { order: 'after', create: true }, request);
  await namespace.mount('#c', '/n', {}, request);
  await namespace.bind("#it's $odd", '/n', { order: 'before' }, request);
  const text = namespace.toString();
  t.regex(text, /^bind #root \/\nbind -ac #b \/a\nmount #c \/n\n/);
  t.deepEqual(
    parse(text).map(({ verb, words }) => [verb, ...words]),
    [
      ['bind', '#root', '/'],
      ['bind', '#b', '/a'],
      ['mount', '#c', '/n'],
      ['bind', "#it's $odd", '/n'],
    ],
  );
});

test('the root can be replaced; nothing mounted is ENOENT', async (t) => {
  const { namespace, client, on } = await made(devices());
  const file = await client.open('/file', O_RDONLY);
  await namespace.bind('#b', '/', {}, request);
  await t.throwsAsync(file.read(), { code: 'ESTALE' });
  t.deepEqual(await names(on(), '/'), ['two', 'both']);
  await namespace.unmount('/', undefined, request);
  await t.throwsAsync(on().stat('/'), { code: 'ENOENT' });
});

test('clean: one slash between names, no dots', (t) => {
  t.is(clean('//a/./b/../c/'), '/a/c');
  t.is(clean('/..'), '/');
  t.throws(() => clean('a'), { code: 'EINVAL' });
});
