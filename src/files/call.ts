import { Errno } from '../kernel/errno.ts';
import { O_NONBLOCK, S_IFREG, reads } from '../kernel/mode.ts';
import { POLLIN, POLLOUT, type Attributes, type Awaitable, type File, type Handle } from '../kernel/node.ts';
import { Request } from '../kernel/request.ts';
import { until } from '../kernel/until.ts';
import { Answer } from './answer.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

export interface CallOptions {
  /** What a read shows before anything was written. */
  usage: string;
  /** Bytes of one request. */
  limit: number;
  /** Answers one request. The signal aborts when nobody waits for the answer any more. */
  submit(input: Uint8Array, signal: AbortSignal, request: Request): Promise<string | Uint8Array>;
  /** Hears why a request failed whose writer left without reading the answer. */
  failed?(error: unknown): void;
}

/** Question and answer on one descriptor. Submitted at the first read, or at the last close when nobody reads. */
export class Call implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly #options: CallOptions;
  readonly #stamp: Stamp;

  constructor(world: World, options: CallOptions) {
    this.#options = options;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o666, 0);
  }

  open(flags: number, request: Request): Handle {
    return new CallHandle(this.#options, flags, request);
  }
}

class CallHandle implements Handle {
  readonly #options: CallOptions;
  readonly #flags: number;
  readonly #opener: Request;
  readonly #closed = new AbortController();
  readonly #usage: Answer;
  #question: Buffer[] = [];
  #size = 0;
  #waiting: Promise<void> | undefined;
  #answer: Answer | undefined;
  #failure: { error: unknown } | undefined;
  /** A part of the question found no room: what is left of it is nobody's question. A read tells, and begins anew. */
  #refused: Errno | undefined;
  #detached = false;

  constructor(options: CallOptions, flags: number, opener: Request) {
    this.#options = options;
    this.#flags = flags;
    this.#opener = opener;
    this.#usage = new Answer(options.usage);
  }

  write(_offset: number, data: Uint8Array): number {
    if (this.#waiting && !this.#answer && !this.#failure)
      throw new Errno('EBUSY', 'the last request is being answered');
    if (this.#refused || this.#size + data.length > this.#options.limit) {
      this.#question = [];
      this.#size = 0;
      this.#refused = new Errno('EFBIG', `a request holds at most ${this.#options.limit} bytes`);
      throw this.#refused;
    }
    this.#waiting = undefined;
    this.#answer = undefined;
    this.#failure = undefined;
    this.#question.push(Buffer.from(data));
    this.#size += data.length;
    return data.length;
  }

  read(_offset: number, count: number, request: Request): Awaitable<Uint8Array> {
    const refused = this.#refused;
    if (refused) {
      this.#refused = undefined;
      throw refused;
    }
    if (this.#size === 0 && !this.#waiting) return this.#usage.take(count);
    const met = this.#begin(request);
    if (this.#answer) return this.#answer.take(count);
    if (this.#failure) throw this.#failure.error;
    if (this.#flags & O_NONBLOCK || request.nonblock) throw new Errno('EAGAIN');
    return until(met, request.signal).then(() => {
      if (this.#failure) throw this.#failure.error;
      return this.#answer!.take(count);
    });
  }

  /** The promise never rejects: a failure is kept for the reader, who may come after it. */
  #begin(request: Request): Promise<void> {
    if (this.#waiting) return this.#waiting;
    const input = Buffer.concat(this.#question);
    this.#question = [];
    this.#size = 0;
    const submit = async (): Promise<string | Uint8Array> => this.#options.submit(input, this.#closed.signal, request);
    this.#waiting = submit().then(
      (answer) => {
        this.#answer = new Answer(answer);
      },
      (error: unknown) => {
        this.#failure = { error };
        if (this.#detached) this.#options.failed?.(error);
      },
    );
    return this.#waiting;
  }

  publish(request: Request): void {
    if (this.#size === 0) return;
    this.#detached = true;
    void this.#begin(request);
  }

  /** Who waits for the answer asks for it; who only writes may be in the middle of the question. */
  poll(wake?: () => void): number {
    if (!reads(this.#flags)) return POLLOUT;
    if (this.#refused) return POLLIN | POLLOUT;
    if (this.#size === 0 && !this.#waiting) return POLLIN | POLLOUT;
    const met = this.#begin(this.#opener);
    if (this.#answer || this.#failure) return POLLIN | POLLOUT;
    if (wake) void met.then(wake);
    return 0;
  }

  /** A request that was submitted by closing goes on with nobody listening; one that a reader left is stopped. */
  close(): void {
    if (!this.#detached) this.#closed.abort(new Errno('EINTR'));
  }
}
