import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { connect } from '../../src/9p/client.ts';
import { dialectLinux, type Message } from '../../src/9p/codec.ts';
import type { Qid } from '../../src/9p/fields.ts';
import { Frames } from '../../src/9p/frame.ts';
import type { Linux } from '../../src/9p/messages.ts';
import { Writer } from '../../src/9p/wire.ts';

type Answers = (asked: Message<Linux>) => object | undefined;

const qid: Qid = { type: 0x80, version: 0, path: 1 };

/** A server that answers whatever a test says, and in order what it says nothing about. */
const hostile = async (t: ExecutionContext, answers: Answers): Promise<{ kind: 'unix'; path: string }> => {
  const base = mkdtempSync(join(tmpdir(), 'weft-hostile-'));
  const path = join(base, 'sock');
  const sockets = new Set<Socket>();
  const usual = (asked: Message<Linux>): object => {
    if (asked.type === 'Tversion') return { type: 'Rversion', msize: asked.msize, version: asked.version };
    if (asked.type === 'Tattach') return { type: 'Rattach', qid };
    if (asked.type === 'Twalk') return { type: 'Rwalk', wqid: asked.wname.map(() => qid) };
    if (asked.type === 'Tlopen') return { type: 'Rlopen', qid, iounit: 0 };
    return { type: `R${asked.type.slice(1)}` };
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    const frames = new Frames(1 << 24);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      for (let frame = frames.next(); frame; frame = frames.next()) {
        const asked = dialectLinux.decode(frame) as Message<Linux>;
        const answer = answers(asked);
        const writer = new Writer();
        if (answer === silence) continue;
        dialectLinux.encode(writer, frame.readUInt16LE(5), (answer ?? usual(asked)) as Message<Linux>);
        socket.write(writer.written);
      }
    });
  }).listen(path);
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
    rmSync(base, { recursive: true });
  });
  return { kind: 'unix', path };
};

const silence = {};
const entry = (offset: number) => ({ qid, offset, type: 4, name: `n${offset}` });

for (const [how, next] of [
  ['the same cookie again', () => 7],
  ['cookies in a circle', (at: number) => (at % 5) + 1],
  ['back to the beginning', (at: number) => (at === 3 ? 0 : at + 1)],
] as const) {
  test(`a listing without end: ${how}`, async (t) => {
    const answers: Answers = (asked) =>
      asked.type === 'Treaddir' ? { type: 'Rreaddir', entries: [entry(next(Number(asked.offset)))] } : undefined;
    const client = await connect(await hostile(t, answers));
    await t.throwsAsync(client.list(''), { code: 'EPROTO', message: /circle/ });
    await client.close();
  });
}

test('cookies that go down are no offence', async (t) => {
  const answers: Answers = (asked) =>
    asked.type === 'Treaddir'
      ? {
          type: 'Rreaddir',
          entries: asked.offset === 1 ? [] : [entry(asked.offset === 0 ? 9 : Number(asked.offset) - 1)],
        }
      : undefined;
  const client = await connect(await hostile(t, answers));
  t.is((await client.list('')).length, 9);
  await client.close();
});

test('an extended attribute that is too large, or longer than it was asked for', async (t) => {
  let size = 2 ** 40;
  const answers: Answers = (asked) => {
    if (asked.type === 'Txattrwalk') return { type: 'Rxattrwalk', size };
    return asked.type === 'Tread' ? { type: 'Rread', data: Buffer.alloc(100) } : undefined;
  };
  const client = await connect(await hostile(t, answers));
  await t.throwsAsync(client.root.getxattr('user.x'), { code: 'E2BIG' });
  size = 10;
  await t.throwsAsync(client.root.getxattr('user.x'), { code: 'EPROTO' });
  size = 100;
  t.is((await client.root.getxattr('user.x')).length, 100);
  await client.close();
});

test('a value nobody takes is not offered for ever', async (t) => {
  const answers: Answers = (asked) => (asked.type === 'Twrite' ? { type: 'Rwrite', count: 0 } : undefined);
  const client = await connect(await hostile(t, answers));
  await t.throwsAsync(client.root.setxattr('user.x', Buffer.from('x'), 0), { code: 'EIO' });
  await client.close();
});

for (const silent of ['Tversion', 'Tattach']) {
  test(`nobody answers ${silent}: ETIMEDOUT; an abort ends it at once`, async (t) => {
    const address = await hostile(t, (asked) => (asked.type === silent ? silence : undefined));
    await t.throwsAsync(connect(address, { greeting: 50 }), { code: 'ETIMEDOUT' });
    await t.throwsAsync(connect(address, { signal: AbortSignal.timeout(50) }), { code: 'EINTR' });
  });
}
