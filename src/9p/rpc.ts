import type { Socket } from 'node:net';
import { Errno } from '../kernel/errno.ts';
import { dialectLinux } from './codec.ts';
import type { Message, Reply, RequestName } from './codec.ts';
import { NOTAG } from './fields.ts';
import { Frames } from './frame.ts';
import type { Linux } from './messages.ts';
import { Writer } from './wire.ts';

/** Tags in use at one time; who asks for more waits. */
const MAX_TAGS = 1024;
const SCRATCH = 65536;

type Answer = Message<Linux>;

interface Call {
  readonly tag: number;
  readonly type: string;
  readonly resolve: (reply: Answer) => void;
  readonly reject: (error: Errno) => void;
  readonly signal: AbortSignal | undefined;
  readonly aborted: (() => void) | undefined;
}

/**
 * One connection's requests and replies: tags, Tflush for what is aborted, and nothing else. Replies come in any order. When
 * the connection is lost every call rejects with ECONNRESET and `lost` resolves.
 */
export class Rpc {
  msize: number;
  readonly lost: Promise<void>;
  readonly #socket: Socket;
  readonly #frames: Frames;
  readonly #calls = new Map<number, Call>();
  readonly #waiting: (() => void)[] = [];
  readonly #freeTags: number[] = [];
  #nextTag = 0;
  #writer = new Writer(SCRATCH);
  #scheduled = false;
  #reason: Errno | undefined;

  /** `socket` is connected. */
  constructor(socket: Socket, msize: number) {
    this.msize = msize;
    this.#socket = socket;
    this.#frames = new Frames(msize);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.on('error', (error) => {
      this.#fail(new Errno('ECONNRESET', error.message, { cause: error }));
    });
    this.lost = new Promise((resolve) => {
      socket.on('close', () => {
        this.#fail(new Errno('ECONNRESET', 'the server closed the connection'));
        resolve();
      });
    });
  }

  alive(): boolean {
    return this.#reason === undefined;
  }

  /** Requests without a reply yet. */
  get size(): number {
    return this.#calls.size;
  }

  close(reason = new Errno('ECONNRESET', 'the connection was closed')): void {
    this.#fail(reason);
    this.#socket.destroy();
  }

  /** Agrees on dialect and msize. ENOTSUP where the server does not speak 9P2000.L. */
  async version(): Promise<void> {
    const message = { type: 'Tversion', msize: this.msize, version: dialectLinux.version } as const;
    const { msize, version } = await this.#send(NOTAG, message, undefined);
    if (version !== dialectLinux.version) throw new Errno('ENOTSUP', `the server speaks ${version}, not 9P2000.L`);
    if (msize > this.msize || msize < 256) throw new Errno('EPROTO', `the server wants messages of ${msize} bytes`);
    this.msize = this.#frames.limit = msize;
  }

  /**
   * Sends a request and resolves with its own reply. Rlerror rejects with its Errno. An abort sends Tflush; the call ends with
   * Rflush (EINTR) or with a reply that came before it.
   */
  async call<N extends RequestName<Linux>>(message: Message<Linux, N>, signal?: AbortSignal): Promise<Reply<Linux, N>> {
    if (this.#calls.size >= MAX_TAGS) await this.#turn(signal);
    if (signal?.aborted) throw new Errno('EINTR');
    return this.#send(this.#freeTags.pop() ?? this.#nextTag++, message, signal);
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const ready = (): void => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = (): void => {
        const index = this.#waiting.indexOf(ready);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(new Errno('EINTR'));
      };
      this.#waiting.push(ready);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  #send<N extends RequestName<Linux>>(
    tag: number,
    message: Message<Linux, N>,
    signal: AbortSignal | undefined,
  ): Promise<Reply<Linux, N>> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.#reason) throw this.#reason;
      this.#encode(tag, message as unknown as Answer);
      const aborted = signal && (() => this.#flush(tag));
      this.#calls.set(tag, { tag, type: message.type, resolve, reject, signal, aborted });
      if (aborted) signal.addEventListener('abort', aborted, { once: true });
      this.#schedule();
    }) as Promise<Reply<Linux, N>>;
  }

  #encode(tag: number, message: Answer): void {
    const writer = this.#writer;
    const { at } = writer;
    try {
      dialectLinux.encode(writer, tag, message);
      const size = writer.at - at;
      if (size > this.msize) throw new Errno('EMSGSIZE', `${size} bytes where ${this.msize} were agreed`);
    } catch (error) {
      writer.at = at;
      this.#release(tag);
      throw error;
    }
  }

  /** Asks to have a request given up. The answer to that frees the tag and ends the call. */
  #flush(oldtag: number): void {
    const call = this.#calls.get(oldtag);
    if (!call || this.#reason) return;
    const done = (): void => {
      if (this.#calls.get(oldtag) !== call) return;
      this.#end(call);
      call.reject(new Errno('EINTR'));
    };
    const tag = this.#freeTags.pop() ?? this.#nextTag++;
    this.#send(tag, { type: 'Tflush', oldtag }, undefined).then(done, done);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      const writer = this.#writer;
      if (writer.at === 0 || this.#reason) return;
      this.#socket.write(writer.written);
      // What waits in the socket must not be written over.
      if (this.#socket.writableLength > 0 || writer.bytes.length > SCRATCH) this.#writer = new Writer(SCRATCH);
      else writer.at = 0;
    });
  }

  #take(chunk: Buffer): void {
    try {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) this.#answer(frame);
    } catch (error) {
      // A server that cannot be understood is as good as gone.
      this.#fail(new Errno('ECONNRESET', (error as Error).message, { cause: error }));
      this.#socket.destroy();
    }
  }

  #answer(frame: Buffer): void {
    const tag = frame.readUInt16LE(5);
    const call = this.#calls.get(tag);
    if (!call) throw new Errno('EPROTO', `a reply to tag ${tag}, which nobody asked under`);
    const reply = dialectLinux.decode(frame);
    if (reply.type !== 'Rlerror' && reply.type !== `R${call.type.slice(1)}`) {
      throw new Errno('EPROTO', `${call.type} was answered by ${reply.type}`);
    }
    this.#end(call);
    if (reply.type === 'Rlerror') call.reject(Errno.ofNumber(reply.ecode));
    else call.resolve(reply);
  }

  #end(call: Call): void {
    this.#calls.delete(call.tag);
    if (call.aborted) call.signal?.removeEventListener('abort', call.aborted);
    this.#release(call.tag);
  }

  #release(tag: number): void {
    if (tag !== NOTAG) this.#freeTags.push(tag);
    this.#waiting.shift()?.();
  }

  #fail(reason: Errno): void {
    if (this.#reason) return;
    this.#reason = reason;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { reject, signal, aborted } of calls) {
      if (aborted) signal?.removeEventListener('abort', aborted);
      reject(reason);
    }
    for (const ready of this.#waiting.splice(0)) ready();
  }
}
