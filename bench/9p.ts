import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialectLinux } from '../src/9p/codec.ts';
import type { Message } from '../src/9p/codec.ts';
import type { Linux } from '../src/9p/messages.ts';
import { Frames } from '../src/9p/frame.ts';
import { Writer } from '../src/9p/wire.ts';
import { parseAddress } from '../src/9p/address.ts';

/**
 * Our server against diod, over TCP on this machine, in turns within the same minute. Prints microseconds a message and
 * MiB/s, and ours divided by diod's. Run: npx tsx bench/9p.ts
 */
const encode = (tag: number, message: Message<Linux>): Buffer => {
  const writer = new Writer(64);
  dialectLinux.encode(writer, tag, message);
  return writer.written;
};

class Wire {
  readonly socket: Socket;
  readonly #frames = new Frames(1 << 24);
  onFrame: (frame: Buffer) => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) this.onFrame(frame);
    });
  }

  ask(message: Message<Linux>): Promise<Message<Linux>> {
    this.socket.write(encode(message.type === 'Tversion' ? 0xffff : 1, message));
    return new Promise((resolve, reject) => {
      this.onFrame = (frame) => {
        const reply = dialectLinux.decode(Buffer.from(frame));
        if (reply.type === 'Rlerror') reject(new Error(`${message.type}: errno ${reply.ecode}`));
        else resolve(reply);
      };
    });
  }

  /** Sends `count` of the same request, `window` at a time; nanoseconds a request. */
  run(count: number, window: number, make: (tag: number, index: number) => Buffer): Promise<number> {
    let sent = 0;
    let got = 0;
    const start = process.hrtime.bigint();
    let batch: Buffer[] = [];
    const send = (tag: number): void => {
      if (sent < count) batch.push(make(tag, sent++));
    };
    const push = (): void => {
      if (batch.length > 0) this.socket.write(batch.length === 1 ? batch[0]! : Buffer.concat(batch));
      batch = [];
    };
    return new Promise((resolve) => {
      let scheduled = false;
      this.onFrame = (frame) => {
        if (frame[4] === 7) throw new Error(`errno ${frame.readUInt32LE(7)}`);
        got++;
        if (got === count) resolve(Number(process.hrtime.bigint() - start) / count);
        send(frame.readUInt16LE(5));
        if (window === 1) push();
        else if (!scheduled) {
          scheduled = true;
          queueMicrotask(() => {
            scheduled = false;
            push();
          });
        }
      };
      for (let tag = 0; tag < window; tag++) send(tag);
      push();
    });
  }
}

const prepare = async (port: number, aname: string): Promise<Wire> => {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  const wire = new Wire(socket);
  await wire.ask({ type: 'Tversion', msize: 65536, version: '9P2000.L' });
  const afid = 0xffffffff;
  await wire.ask({ type: 'Tattach', fid: 0, afid, uname: 'root', aname, n_uname: 0 });
  for (const [fid, name] of [
    [1, 'small'],
    [2, 'large'],
  ] as const) {
    await wire.ask({ type: 'Twalk', fid: 0, newfid: fid, wname: [name] });
    await wire.ask({ type: 'Tlopen', fid, flags: 0 });
  }
  return wire;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const reachable = async (port: number): Promise<void> => {
  for (let i = 0; i < 100; i++) {
    const socket = connect({ port, host: '127.0.0.1' });
    const up = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody answers on port ${port}`);
};

const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
try {
  writeFileSync(join(folder, 'small'), 'x'.repeat(4096));
  writeFileSync(join(folder, 'large'), Buffer.alloc(64 << 20, 'abcdefgh'));
  const ours = spawn(process.execPath, ['--import=tsx', new URL('9p-serve.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(ours);
  const [line] = (await once(ours.stdout, 'data')) as [Buffer];
  const address = parseAddress(line.toString().trim());
  const servers: [string, Wire][] = [['weft', await prepare((address as { port: number }).port, '')]];
  if (existsSync('/usr/sbin/diod')) {
    const port = await freePort();
    const args = ['-f', '-n', '-N', '-l', `127.0.0.1:${port}`, '-e', folder, '-L', 'stderr'];
    children.push(spawn('/usr/sbin/diod', args, { stdio: 'ignore' }));
    await reachable(port);
    servers.push(['diod', await prepare(port, folder)]);
  }
  const getattr = (tag: number): Buffer => encode(tag, { type: 'Tgetattr', fid: 1, request_mask: 0x7ff });
  const read = (tag: number): Buffer => encode(tag, { type: 'Tread', fid: 1, offset: 0, count: 4096 });
  const walk = (tag: number, i: number): Buffer =>
    encode(tag, i % 2 === 0 ? { type: 'Twalk', fid: 0, newfid: 9, wname: ['small'] } : { type: 'Tclunk', fid: 9 });
  const stream = (tag: number, i: number): Buffer =>
    encode(tag, { type: 'Tread', fid: 2, offset: (i % 1024) << 16, count: 65536 - 24 });
  const cases: [string, number, number, (tag: number, i: number) => Buffer, ((ns: number) => number)?][] = [
    ['Tgetattr one by one, us', 20000, 1, getattr],
    ['Tread 4 KiB one by one, us', 20000, 1, read],
    ['Twalk and Tclunk one by one, us', 20000, 1, walk],
    ['Tgetattr 32 in flight, us', 100000, 32, getattr],
    ['Tread 4 KiB 32 in flight, us', 60000, 32, read],
    ['Tread 64 KiB 8 in flight, us', 8192, 8, stream],
  ];
  console.log(`${'case'.padEnd(36)}${servers.map(([name]) => name.padStart(10)).join('')}     ratio`);
  for (const [name, count, window, make] of cases) {
    const best = servers.map(() => Infinity);
    for (let round = 0; round < 4; round++) {
      for (const [i, [, wire]] of servers.entries()) {
        best[i] = Math.min(best[i]!, await wire.run(round === 0 ? count / 4 : count, window, make));
      }
    }
    const columns = best.map((ns) => (ns / 1000).toFixed(1).padStart(10)).join('');
    console.log(`${name.padEnd(36)}${columns}${best[1] ? (best[0]! / best[1]).toFixed(2).padStart(10) : ''}`);
  }
  for (const [, wire] of servers) wire.socket.destroy();
} finally {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true });
}
