import { spawn } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { listen } from '../../src/9p/listen.ts';
import { Peer } from './peer.ts';
import { random, samples } from './samples.ts';
import { linux } from '../../src/9p/messages.ts';
import { dialectLinux } from '../../src/9p/codec.ts';
import { Writer } from '../../src/9p/wire.ts';
import { serve } from './tree.ts';
import type { Served } from './tree.ts';

const openStream = async (peer: Peer, fid: number): Promise<void> => {
  await peer.ask(`Twalk 0 fid=0 newfid=${fid} wname=["stream"]`);
  await peer.ask(`Tlopen 0 fid=${fid} flags=0`);
};

const withServer = (title: string, run: (t: ExecutionContext, served: Served) => Promise<void>): void => {
  test(title, async (t) => {
    const served = await serve();
    try {
      await run(t, served);
      t.deepEqual(served.failures, []);
    } finally {
      await served.close();
    }
  });
};

withServer('200 requests wait, one is flushed: every reply is accounted for', async (t, { path, talker }) => {
  const peer = await Peer.attached(path);
  await openStream(peer, 1);
  const tags = Array.from({ length: 200 }, (_, i) => i + 1);
  peer.lines(...tags.map((tag) => `Tread ${tag} fid=1 offset=0 count=2`));
  await talker.until(() => talker.waiting === 64);
  peer.lines('Tflush 1000 oldtag=7', 'Tflush 1001 oldtag=150');
  // 150 had not begun: its Rflush comes at once. 7 is interrupted.
  const flushed = [await peer.next(), await peer.next()].sort();
  t.deepEqual(flushed, ['Rflush 1000', 'Rflush 1001']);
  await talker.until(() => talker.interrupted === 1 && talker.waiting === 64);
  const seen = new Set<number>();
  talker.say('ab'.repeat(198));
  while (seen.size < 198) {
    const frame = await peer.frame();
    t.is(frame!.length, 13);
    seen.add(frame!.readUInt16LE(5));
  }
  t.deepEqual(
    tags.filter((tag) => !seen.has(tag)),
    [7, 150],
  );
  t.is(await peer.ask('Tclunk 7 fid=1'), 'Rclunk 7');
  t.is(peer.waiting, 0);
  await peer.close();
});

withServer('a flush of a flush is answered after it', async (t, { path, talker }) => {
  const peer = await Peer.attached(path);
  await openStream(peer, 1);
  peer.lines('Tread 1 fid=1 offset=0 count=2');
  await talker.until(() => talker.waiting === 1);
  peer.lines('Tflush 2 oldtag=1', 'Tflush 3 oldtag=2', 'Tflush 4 oldtag=1');
  t.deepEqual([await peer.next(), await peer.next(), await peer.next()], ['Rflush 2', 'Rflush 3', 'Rflush 4']);
  await peer.close();
});

withServer('a tag in use is refused, and is free again after its reply', async (t, { path, talker }) => {
  const peer = await Peer.attached(path);
  await openStream(peer, 1);
  peer.lines('Tread 5 fid=1 offset=0 count=2');
  await talker.until(() => talker.waiting === 1);
  t.is(await peer.ask('Tgetattr 5 fid=0 request_mask=0'), 'Rlerror 5 ecode=22');
  talker.say('x');
  t.is(await peer.next(), 'Rread 5 data="x"');
  t.regex((await peer.ask('Tgetattr 5 fid=0 request_mask=0'))!, /^Rgetattr 5 /);
  await peer.close();
});

withServer('replies come in the order they are ready', async (t, { path, talker }) => {
  const peer = await Peer.attached(path);
  await openStream(peer, 1);
  peer.lines('Tread 1 fid=1 offset=0 count=9', 'Tclunk 2 fid=99', 'Twalk 3 fid=0 newfid=2 wname=["dir"]');
  t.is(await peer.next(), 'Rlerror 2 ecode=9');
  t.regex((await peer.next())!, /^Rwalk 3 /);
  talker.say('late');
  t.is(await peer.next(), 'Rread 1 data="late"');
  await peer.close();
});

withServer('a lost connection interrupts what waits and clunks every fid', async (t, served) => {
  const { path, talker, paper, sessions, listener } = served;
  const peer = await Peer.attached(path);
  await openStream(peer, 1);
  await peer.ask('Twalk 1 fid=0 newfid=2 wname=["paper"]');
  await peer.ask('Tlopen 1 fid=2 flags=0o1001');
  peer.lines('Tread 3 fid=1 offset=0 count=9', 'Twrite 4 fid=2 offset=0 data="kept\\n"');
  await talker.until(() => talker.waiting === 1);
  await peer.close();
  await talker.until(() => talker.interrupted === 1);
  await served.close();
  t.deepEqual(paper.history, ['write kept', 'publish kept', 'close']);
  t.is(sessions[0]!.size, 0);
  t.is(listener.size, 0);
});

withServer(
  'Tversion in the midst of requests: nothing of before is answered',
  async (t, { path, talker, sessions }) => {
    const peer = await Peer.attached(path);
    await openStream(peer, 1);
    peer.lines('Tread 3 fid=1 offset=0 count=9');
    await talker.until(() => talker.waiting === 1);
    t.is(
      await peer.ask('Tversion notag msize=8192 version="9P2000.L"'),
      'Rversion notag msize=8192 version="9P2000.L"',
    );
    t.is(talker.interrupted, 1);
    t.is(sessions[0]!.size, 0);
    talker.say('too late');
    t.is(await peer.ask('Tclunk 3 fid=1'), 'Rlerror 3 ecode=9');
    await peer.close();
  },
);

withServer('4,096 fids and no more', async (t, { path }) => {
  const peer = await Peer.attached(path);
  const walks = Array.from({ length: 4095 }, (_, i) => `Twalk 1 fid=0 newfid=${i + 1} wname=[]`);
  peer.lines(...walks);
  for (const walk of walks) t.is(await peer.next(), 'Rwalk 1 wqid=[]', walk);
  t.is(await peer.ask('Twalk 1 fid=0 newfid=5000 wname=[]'), 'Rlerror 1 ecode=24');
  await peer.ask('Tclunk 1 fid=77');
  t.is(await peer.ask('Twalk 1 fid=0 newfid=5000 wname=[]'), 'Rwalk 1 wqid=[]');
  await peer.close();
});

withServer('a client that reads nothing costs a bounded amount of memory and stops being served', async (t, served) => {
  const peer = await Peer.attached(served.path, '9P2000.L', 1 << 20);
  await peer.ask('Twalk 1 fid=0 newfid=1 wname=["big"]');
  await peer.ask('Tlopen 1 fid=1 flags=0');
  peer.socket.pause();
  const before = served.trace.length;
  const reads = Array.from({ length: 400 }, (_, i) => `Tread ${i + 1} fid=1 offset=0 count=1000000`);
  peer.lines(...reads);
  // The server is idle when a second client has been served.
  const other = await Peer.attached(served.path);
  for (let i = 0; i < 10; i++) await other.ask('Tgetattr 1 fid=0 request_mask=0');
  const answered = served.trace.slice(before).filter((line) => line.startsWith('<- Rread')).length;
  t.true(answered < 10, `${answered} replies of a megabyte wait`);
  peer.socket.resume();
  for (let i = 0; i < 400; i++) t.is((await peer.frame())?.length, 1000011);
  await other.close();
  await peer.close();
});

withServer('messages arrive whole however they are cut', async (t, { path }) => {
  const peer = await Peer.attached(path);
  const next = random(5);
  const lines = Array.from({ length: 200 }, (_, i) => `Twalk ${i + 1} fid=0 newfid=0 wname=["dir" ".."]`);
  const bytes = peer.encode(lines);
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(next() * 40);
    peer.socket.write(bytes.subarray(at, at + size));
    at += size;
    if (next() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
  for (let i = 0; i < 200; i++) t.regex((await peer.next())!, new RegExp(`^Rwalk ${i + 1} `));
  await peer.close();
});

withServer('seeded rubbish: refused or answered, and the next client is served', async (t, { path }) => {
  const next = random(11);
  for (let round = 0; round < 60; round++) {
    const peer = await Peer.attached(path);
    const writer = new Writer();
    for (const sample of samples(linux)) {
      if (!sample.type.startsWith('T') || sample.type === 'Tversion') continue;
      dialectLinux.encode(writer, 1 + Math.floor(next() * 9), sample as never);
    }
    const bytes = Buffer.from(writer.written);
    for (let hits = 0; hits < 1 + round; hits++) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
    peer.socket.end(bytes);
    for (;;) {
      const frame = await peer.frame();
      if (!frame) break;
      dialectLinux.decode(frame);
    }
  }
  const last = await Peer.attached(path);
  t.regex((await last.ask('Tgetattr 1 fid=0 request_mask=0'))!, /^Rgetattr/);
  await last.close();
});

test.serial('10,000 clients come and go and leave nothing', async (t) => {
  t.timeout(120_000);
  const served = await serve({ trace: undefined });
  t.teardown(() => served.close());
  const round = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 20) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const peer = await Peer.attached(served.path);
          peer.socket.destroy();
          await once(peer.socket, 'close');
        }),
      );
      served.sessions.length = 0;
    }
  };
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const settled = async (): Promise<NodeJS.MemoryUsage> => {
    while (served.listener.size > 0) await new Promise((resolve) => setImmediate(resolve));
    collect();
    return process.memoryUsage();
  };
  await round(2000);
  const before = await settled();
  await round(8000);
  const after = await settled();
  // Buffers are swept beside the program, so this figure swings by 1.5 MiB either way on a busy machine; 1 KiB a client
  // would be 8.
  t.true(after.external - before.external < 8 << 20, `${after.external - before.external} bytes outside the heap`);
  t.true(after.heapUsed - before.heapUsed < 2 << 20, `${after.heapUsed - before.heapUsed} bytes`);
  t.deepEqual(served.failures, []);
  t.is(served.listener.size, 0);
});

test('more connections than allowed are closed as they come', async (t) => {
  const served = await serve({ maxConnections: 2 });
  const peers = [await Peer.attached(served.path), await Peer.attached(served.path)];
  const third = await Peer.to(served.path);
  t.is(await third.next(), undefined);
  for (const peer of peers) await peer.close();
  await served.close();
});

test('the socket file is private, a stale one is cleared, a live one and a file are left alone', async (t) => {
  const options = { attach: () => t.fail(), unexpected: () => t.fail() };
  const served = await serve();
  t.is(statSync(served.path).mode & 0o777, 0o600);
  await t.throwsAsync(listen({ kind: 'unix', path: served.path }, options), { code: 'EBUSY' });
  const stale = `${served.path}.stale`;
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await once(child, 'exit');
  t.true(existsSync(stale));
  const listener = await listen({ kind: 'unix', path: stale }, options);
  await listener.close();
  t.false(existsSync(stale));
  writeFileSync(stale, 'mine');
  await t.throwsAsync(listen({ kind: 'unix', path: stale }, options), { code: 'EEXIST' });
  await served.close();
});

test('a client that comes in the moment the socket is there is served', async (t) => {
  const served = await serve();
  const path = `${served.path}.early`;
  const options = { attach: () => t.fail(), unexpected: () => t.fail() };
  let early: Peer | undefined;
  // A thread pool that is busy puts off whatever the listener does between the socket's coming and its being ready.
  const busy = (): void => {
    pbkdf2('', '', 2000, 32, 'sha1', () => {
      if (!early) busy();
    });
  };
  for (let n = 0; n < 64; n++) busy();
  const listening = listen({ kind: 'unix', path }, options);
  while (!early) early = await Peer.to(path).catch(() => undefined);
  early.lines('Tversion notag msize=8192 version="9P2000.L"');
  t.truthy(await early.next());
  await early.close();
  await (await listening).close();
  await served.close();
});

test('TCP: this machine only, no delay', async (t) => {
  const options = { attach: () => t.fail(), unexpected: () => t.fail() };
  for (const host of ['0.0.0.0', '192.0.2.1', '::']) {
    await t.throwsAsync(listen({ kind: 'tcp', host, port: 5640 }, options), { code: 'EPERM' });
  }
  await t.throwsAsync(listen({ kind: 'tls', host: 'x', port: 1 }, options), { code: 'ENOTSUP' });
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  await t.throwsAsync(listen({ kind: 'tcp', host: '127.0.0.1', port }, options), { code: 'EBUSY' });
  taken.close();
  const listener = await listen({ kind: 'tcp', host: 'localhost', port: 0 }, options);
  t.true(listener.address.kind === 'tcp' && listener.address.port > 0);
  const socket = connect({ port: (listener.address as { port: number }).port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.destroy();
  await listener.close();
});
