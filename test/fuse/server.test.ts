import test, { type ExecutionContext } from 'ava';
import { closeSync } from 'node:fs';
import * as flags from '../../src/fuse/flags.ts';
import { messages, requestHeader } from '../../src/fuse/messages.ts';
import { FuseServer } from '../../src/fuse/server.ts';
import { observer } from '../../src/kernel/subject.ts';
import { libc } from '../../src/native/libc.ts';
import { frames, random } from '../support/frames.ts';
import { MemoryDir, MemoryFile, sessionOn } from '../support/nodes.ts';

const linux = process.platform === 'linux' ? test : test.skip;
const SOCK_SEQPACKET = 5;
const POLLIN = 1;
const POLLOUT = 4;

/** A server whose kernel is the other end of a socket that keeps messages apart. */
const connect = async (t: ExecutionContext) => {
  const { socketpair, setNonBlocking, pollLater, read, write } = await libc();
  const { session, changes } = await sessionOn(new MemoryDir({ hello: new MemoryFile('hello\n') }), {
    maxFids: Infinity,
  });
  const log: string[] = [];
  const server = new FuseServer({ session, changes, others: observer, log: (text) => void log.push(text) });
  const [kernel, device] = socketpair(SOCK_SEQPACKET);
  setNonBlocking(device);
  const ended = server.serve(device);
  let open = true;
  const close = async (): Promise<void> => {
    if (open) closeSync(kernel);
    open = false;
    await ended;
  };
  t.teardown(close);
  const buffer = Buffer.alloc(1 << 16);
  return {
    server,
    session,
    log,
    close,
    // Waits for room: the server reads on this very thread.
    send: async (frame: Buffer) => {
      await pollLater(kernel, POLLOUT, 10_000);
      t.is(write(kernel, frame, frame.length), frame.length);
    },
    answer: async () => {
      await pollLater(kernel, POLLIN, 10_000);
      const length = read(kernel, buffer, buffer.length);
      t.is(buffer.readUInt32LE(0), length);
      return { error: 0 - buffer.readInt32LE(4), body: Buffer.from(buffer.subarray(16, length)) };
    },
  };
};

const init = (major: number, minor: number, asked = 0xffff_ffff, length = 64): Buffer => {
  const frame = Buffer.alloc(requestHeader.size + length);
  requestHeader.write(frame, 0, {
    len: frame.length,
    opcode: 26,
    unique: 2,
    nodeid: 0,
    uid: 0,
    gid: 0,
    pid: 0,
    total_extlen: 0,
  });
  for (const [index, word] of [major, minor, 131_072, asked].entries()) {
    if (index * 4 < length) frame.writeUInt32LE(word, 40 + index * 4);
  }
  return frame;
};

linux('the lower version and the common features are agreed on', async (t) => {
  const { server, send, answer } = await connect(t);
  await send(init(7, 45));
  const { error, body } = await answer();
  await server.ready;
  t.is(error, 0);
  t.deepEqual([body.readUInt32LE(0), body.readUInt32LE(4), body.readUInt32LE(8)], [7, 38, 131_072]);
  const agreed = body.readUInt32LE(12);
  t.truthy(agreed & flags.ATOMIC_O_TRUNC);
  t.truthy(agreed & flags.DO_READDIRPLUS);
  // Not these: the kernel does locks by itself, writes are not cached, the umask is already applied.
  for (const bit of [1, 6, 10, 16]) t.falsy(agreed & (1 << bit), `bit ${bit}`);
  t.is(body.readUInt32LE(20), 1 << 20);
  t.is(body.readUInt16LE(28), 256);
});

linux('an older kernel gets its own minor, and only what it has', async (t) => {
  const { server, send, answer } = await connect(t);
  await send(init(7, 31, flags.BIG_WRITES | flags.MAX_PAGES, 16));
  const { body } = await answer();
  await server.ready;
  t.is(body.readUInt32LE(4), 31);
  t.is(body.readUInt32LE(12), flags.BIG_WRITES | flags.MAX_PAGES);
});

linux('a kernel that is too old is told so', async (t) => {
  const { server, send, answer } = await connect(t);
  await send(init(7, 30));
  t.is((await answer()).error, 71);
  await t.throwsAsync(server.ready, { code: 'EPROTO' });
});

linux('a newer major asks again in ours', async (t) => {
  const { server, send, answer } = await connect(t);
  await send(init(8, 1));
  t.is((await answer()).body.readUInt32LE(0), 7);
  await send(init(7, 40));
  t.is((await answer()).body.readUInt32LE(0), 7);
  await server.ready;
  await send(init(7, 40));
  t.is((await answer()).error, 5);
});

linux('what comes before INIT finds nothing', async (t) => {
  const { send, answer } = await connect(t);
  await send(frames().get('LOOKUP')!);
  t.is((await answer()).error, 116);
});

linux('noise does not stop the server, and the end of the connection gives all back', async (t) => {
  const { server, session, send, answer, close, log } = await connect(t);
  await send(init(7, 38));
  await answer();
  const below = random(7);
  for (let round = 0; round < 300; round++) {
    const noise = Buffer.from(Array.from({ length: 1 + below(200) }, () => below(256)));
    // Without a number nobody is answered, and the answers need not be read.
    if (noise.length >= 16) noise.fill(0, 8, 16);
    await send(noise);
  }
  const lookup = Buffer.alloc(46);
  requestHeader.write(lookup, 0, {
    len: 46,
    opcode: messages.LOOKUP.number,
    unique: 4,
    nodeid: 1,
    uid: process.getuid!(),
    gid: 0,
    pid: 0,
    total_extlen: 0,
  });
  lookup.write('hello\0', 40);
  await send(lookup);
  t.is((await answer()).error, 0);
  t.is(log.length, 300);
  t.deepEqual(server.known, { nodes: 2, open: 0, fids: 2 });
  await close();
  t.is(session.size, 0);
});
