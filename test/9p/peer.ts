import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { dialectLinux, dialectPlain, dialectUnix } from '../../src/9p/codec.ts';
import type { Dialect, Message } from '../../src/9p/codec.ts';
import { Frames } from '../../src/9p/frame.ts';
import { Writer } from '../../src/9p/wire.ts';
import type { Linux } from '../../src/9p/messages.ts';

const dialects = [dialectLinux, dialectPlain, dialectUnix] as unknown as Dialect[];

/** A bare connection for tests: sends messages and takes replies, with nothing in between. */
export class Peer {
  readonly socket: Socket;
  dialect: Dialect = dialectLinux;
  readonly #frames = new Frames(1 << 24);
  readonly #replies: Buffer[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) this.#replies.push(Buffer.from(frame));
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  static async to(path: string): Promise<Peer> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new Peer(socket);
  }

  /** Connected, version agreed, attached as fid 0. */
  static async attached(path: string, version = '9P2000.L', msize = 65536): Promise<Peer> {
    const peer = await Peer.to(path);
    peer.lines(`Tversion notag msize=${msize} version="${version}"`);
    await peer.next();
    peer.use(version);
    peer.lines(`Tattach 0 fid=0 afid=nofid uname="" aname=""${version === '9P2000' ? '' : ' n_uname=nofid'}`);
    await peer.next();
    return peer;
  }

  use(version: string): void {
    this.dialect = dialects.find((dialect) => dialect.version === version) ?? this.dialect;
  }

  encode(lines: readonly string[]): Buffer {
    const writer = new Writer();
    for (const line of lines) {
      const { tag, message } = this.dialect.parse(line);
      this.dialect.encode(writer, tag, message);
    }
    return writer.written;
  }

  /** Sends all in one write. */
  lines(...lines: string[]): void {
    this.socket.write(this.encode(lines));
  }

  send(tag: number, message: Message<Linux>): void {
    const writer = new Writer();
    dialectLinux.encode(writer, tag, message);
    this.socket.write(writer.written);
  }

  get waiting(): number {
    return this.#replies.length;
  }

  /** The next reply as a trace line; undefined when the connection has ended. */
  async next(): Promise<string | undefined> {
    const frame = await this.frame();
    return frame && this.dialect.show(frame.readUInt16LE(5), this.dialect.decode(frame));
  }

  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      const frame = this.#replies.shift();
      if (frame) return frame;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ask(line: string): Promise<string | undefined> {
    this.lines(line);
    return this.next();
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }
}
