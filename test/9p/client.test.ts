import { once } from 'node:events';
import { connect as connectSocket, createServer } from 'node:net';
import type { Socket } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { connect } from '../../src/9p/client.ts';
import type { Client, ConnectOptions } from '../../src/9p/client.ts';
import { O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { serve } from './tree.ts';
import type { Served } from './tree.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Stands between client and server so that a test can cut the wire. */
class Cutter {
  readonly path: string;
  readonly #pairs = new Set<[Socket, Socket]>();
  readonly #server;
  #down = false;
  connections = 0;

  constructor(to: string) {
    this.path = `${to}.cut`;
    this.#server = createServer((near) => {
      if (this.#down) {
        near.destroy();
        return;
      }
      this.connections++;
      const far = connectSocket(to);
      const pair: [Socket, Socket] = [near, far];
      this.#pairs.add(pair);
      near.pipe(far).pipe(near);
      for (const one of pair) {
        one.on('error', () => undefined);
        one.on('close', () => {
          this.#pairs.delete(pair);
          near.destroy();
          far.destroy();
        });
      }
    });
  }

  async open(): Promise<void> {
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
  }

  cut(down = false): void {
    this.#down = down;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  up(): void {
    this.#down = false;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }
}

const withClient = (
  title: string,
  run: (t: ExecutionContext, client: Client, served: Served, cutter: Cutter) => Promise<void>,
  options: ConnectOptions = {},
): void => {
  test(title, async (t) => {
    const served = await serve();
    const cutter = new Cutter(served.path);
    await cutter.open();
    const client = await connect({ kind: 'unix', path: cutter.path }, options);
    try {
      await run(t, client, served, cutter);
      t.deepEqual(served.failures, []);
    } finally {
      await client.close();
      await cutter.close();
      await served.close();
    }
  });
};

withClient('files: open, read, write, list, make, rename, remove', async (t, client, served) => {
  const hello = await client.open('hello');
  t.is(text(await hello.read(100, 0)), 'hello, world\n');
  t.is(text(await hello.read(5, 7)), 'world');
  t.is((await hello.read(5, 70)).length, 0);
  t.like(await hello.stat(), { size: 13, mode: 0o100444, mtime: 1_700_000_000_123_456_789n });
  await hello.close();

  t.deepEqual(
    (await client.list('/dir')).map(({ name }) => name),
    ['inner', 'deep'],
  );
  t.is((await client.list('many')).length, 300);
  t.is(await client.readlink('link'), 'dir/inner');
  t.is(text(await (await client.open('away/inner')).read(9, 0)), 'inner\n');

  await client.mkdir('made', 0o700);
  await t.throwsAsync(client.mkdir('made'), { code: 'EEXIST' });
  const file = await client.open('made/a', O_RDWR | O_CREAT | O_EXCL, { mode: 0o600 });
  await file.write(Buffer.alloc(2_500_000, 'z'), 0);
  t.is((await file.stat()).size, 2_500_000);
  await file.truncate(3);
  await file.fsync();
  t.is(text(await file.read(100, 0)), 'zzz');
  await file.close();
  await t.throwsAsync(file.read(1, 0), { code: 'EBADF' });
  await t.throwsAsync(client.open('made/a', O_WRONLY | O_CREAT | O_EXCL), { code: 'EEXIST' });
  await (await client.open('made/a', O_WRONLY | O_CREAT)).close();
  await client.rename('made/a', 'made/b');
  await t.throwsAsync(client.stat('made/a'), { code: 'ENOENT' });
  await t.throwsAsync(client.remove('made'), { code: 'ENOTEMPTY' });
  await client.remove('made/b');
  await client.remove('made');
  await t.throwsAsync(client.open('nothing'), { code: 'ENOENT' });
  await t.throwsAsync(client.open('hello', O_WRONLY), { code: 'EACCES' });
  t.is((await client.statfs()).namelen, 255);
  t.is(served.sessions[0]?.size, 2, 'the root and the one open file');
});

withClient('deep paths take several walks', async (t, client) => {
  const names = Array.from({ length: 40 }, (_, i) => `d${i}`);
  for (let i = 1; i <= names.length; i++) await client.mkdir(names.slice(0, i).join('/'));
  t.is((await client.stat(names.join('/'))).mode & 0o170000, 0o040000);
  await t.throwsAsync(client.stat([...names.slice(0, 30), 'x', 'y'].join('/')), { code: 'ENOENT' });
});

withClient('a document acts at close, and close shows its error', async (t, client, { paper }) => {
  const file = await client.open('paper', O_WRONLY | O_TRUNC);
  await file.write(Buffer.from('new\n'), 0);
  t.false(paper.history.some((line) => line.startsWith('publish')));
  await file.close();
  t.true(paper.history.includes('publish new'));
  const bad = await client.open('paper', O_WRONLY | O_TRUNC);
  await bad.write(Buffer.from('bad'), 0);
  await t.throwsAsync(bad.close(), { code: 'EINVAL' });
});

withClient('an abort flushes: the read ends, the server stops waiting, others go on', async (t, client, { talker }) => {
  const stream = await client.open('stream');
  const stop = new AbortController();
  const first = stream.read(100, 0, stop.signal);
  const second = stream.read(100, 0);
  await talker.until(() => talker.waiting === 2);
  stop.abort();
  await t.throwsAsync(first, { code: 'EINTR' });
  t.is(talker.interrupted, 1);
  talker.say('on');
  t.is(text(await second), 'on');
  await t.throwsAsync(stream.read(1, 0, stop.signal), { code: 'EINTR' });
  await stream.close();
});

withClient('many requests at once, more than the server runs', async (t, client) => {
  const all = await Promise.all(Array.from({ length: 3000 }, (_, i) => client.stat(`many/entry-${i % 300}`)));
  t.true(all.every(({ size }) => size > 1));
});

withClient('reconnect: files open for reading go on, by offset', async (t, client, _served, cutter) => {
  const big = await client.open('big');
  const dir = await client.root.walk(['dir']);
  t.is(text(await big.read(8, 0)), 'abcdefgh');
  cutter.cut();
  t.is(text(await big.read(8, 8)), 'abcdefgh');
  t.is(cutter.connections, 2);
  const { fid } = await dir.fid.walk(['inner']);
  t.is((await fid.getattr()).size, 6);
  cutter.cut();
  t.is((await client.list('many')).length, 300);
  await big.close();
});

withClient('reconnect: a read that waited is asked again on the new connection', async (t, client, served, cutter) => {
  const stream = await client.open('stream');
  const read = stream.read(100, 0);
  await served.talker.until(() => served.talker.waiting === 1);
  cutter.cut();
  await served.talker.until(() => served.talker.interrupted === 1 && served.talker.waiting === 1);
  served.talker.say('again');
  t.is(text(await read), 'again');
  // What was said between is lost; a reader that stands further on is told so.
  cutter.cut();
  await t.throwsAsync(stream.read(100, 5), { code: 'ECONNRESET' });
});

withClient('reconnect: what may not be repeated fails with ECONNRESET', async (t, client, _served, cutter) => {
  const paper = await client.open('paper', O_WRONLY | O_TRUNC);
  await paper.write(Buffer.from('kept'), 0);
  cutter.cut();
  await t.throwsAsync(paper.write(Buffer.from('lost'), 4), { code: 'ECONNRESET' });
  await t.throwsAsync(paper.close(), { code: 'ECONNRESET' });
  // A new request on the new connection is fine.
  await client.mkdir('after');
  t.is((await client.stat('after')).mode & 0o170000, 0o040000);
});

withClient(
  'a server that stays away: ECONNRESET after the patience; it is tried again later',
  async (t, client, _served, cutter) => {
    cutter.cut(true);
    await t.throwsAsync(client.stat('hello'), { code: 'ECONNRESET' });
    cutter.up();
    t.is((await client.stat('hello')).size, 13);
  },
  { patience: 100 },
);

withClient(
  'waiting for a server can be interrupted',
  async (t, client, _served, cutter) => {
    cutter.cut(true);
    const stop = new AbortController();
    const waiting = client.stat('hello', stop.signal);
    setImmediate(() => {
      stop.abort();
    });
    await t.throwsAsync(waiting, { code: 'EINTR' });
  },
  { patience: 60_000 },
);

test('no reconnect where none is wanted', async (t) => {
  const served = await serve();
  const client = await connect({ kind: 'unix', path: served.path }, { patience: 0 });
  await served.close();
  await t.throwsAsync(client.stat('hello'), { code: 'ECONNRESET' });
  await client.close();
  await t.throwsAsync(client.stat('hello'), { code: 'ECONNRESET' });
});

test('an address nobody listens on, a view that is none, a server of another dialect', async (t) => {
  const served = await serve();
  const { path } = served;
  await t.throwsAsync(connect({ kind: 'unix', path: `${path}.none` }), { code: 'ENOENT' });
  await t.throwsAsync(connect({ kind: 'tcp', host: '127.0.0.1', port: 1 }), { code: 'ECONNREFUSED' });
  await t.throwsAsync(connect({ kind: 'ssh', host: 'x' }), { code: 'ENOTSUP' });
  await t.throwsAsync(connect({ kind: 'unix', path }, { aname: '/nowhere' }), { code: 'ENOENT' });
  const observer = await connect({ kind: 'unix', path }, { aname: 'observer' });
  t.true((await observer.stat('')).mode > 0);
  await observer.close();
  const old = createServer((socket) => {
    socket.on('data', () => {
      socket.write(Buffer.from('13000000 65 ffff 00200000 0600 395032303030'.replaceAll(' ', ''), 'hex'));
    });
    socket.on('error', () => undefined);
  }).listen(`${path}.old`);
  await once(old, 'listening');
  await t.throwsAsync(connect({ kind: 'unix', path: `${path}.old` }), { code: 'ENOTSUP' });
  old.close();
  await served.close();
});

test('a server that answers rubbish is as good as gone', async (t) => {
  const served = await serve();
  for (const rubbish of ['13000000 66 ffff 00200000 0600 395032303030', 'ffffffff 00', '07000000 79 0100']) {
    const path = `${served.path}.${rubbish.slice(0, 2)}`;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(Buffer.from(rubbish.replaceAll(' ', ''), 'hex')));
    }).listen(path);
    await once(server, 'listening');
    await t.throwsAsync(connect({ kind: 'unix', path }), { code: 'ECONNRESET' }, rubbish);
    server.close();
  }
  await served.close();
});
