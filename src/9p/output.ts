import type { Duplex } from 'node:stream';
import { Errno } from '../kernel/errno.ts';
import { HEADER } from './codec.ts';
import { REPLY_HEAD } from './common.ts';
import type { AnyMessage, Service } from './service.ts';
import { Writer } from './wire.ts';

/** Data of this size and more goes to the socket as it is; smaller is copied into the batch. */
const LARGE = 16384;
/** Replies are handed to the socket at the latest when they amount to this. */
const BATCH = 262144;
/** A reader that leaves so much unread gets no further request served. */
const BACKLOG = 1048576;

const SCRATCH = 65536;
/** One for all connections: a batch is encoded and handed over without a pause in between. */
let scratch = new Writer(SCRATCH);

const empty = new Uint8Array();

interface Waiting {
  readonly tag: number;
  readonly message: AnyMessage;
}

/** The replies of one connection: collected during a turn of the loop, encoded together, written at once. */
export class Output {
  /** In force for what is added from now on. */
  service: Service;
  msize: number;
  readonly #socket: Duplex;
  readonly #unexpected: (cause: unknown) => void;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #scheduled = false;

  constructor(socket: Duplex, service: Service, msize: number, unexpected: (cause: unknown) => void) {
    this.#socket = socket;
    this.service = service;
    this.msize = msize;
    this.#unexpected = unexpected;
  }

  /** Does the peer leave replies unread? */
  get full(): boolean {
    return this.#bytes >= BACKLOG || this.#socket.writableLength >= BACKLOG;
  }

  /** Adds a reply; the caller flushes, or it goes out when the promises of this turn are done. */
  add(tag: number, message: AnyMessage): void {
    this.#waiting.push({ tag, message });
    this.#bytes += message.type === 'Rread' ? dataOf(message).length + REPLY_HEAD : REPLY_HEAD;
    if (this.#bytes >= BATCH) this.flush();
  }

  later(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const all = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const socket = this.#socket;
    if (!socket.writable) return;
    let from = (scratch.at = 0);
    let corked = false;
    for (const { tag, message } of all) {
      const data = message.type === 'Rread' ? dataOf(message) : empty;
      if (data.length < LARGE) this.#encode(tag, message);
      else {
        if (!corked) socket.cork();
        corked = true;
        this.#head(tag, data.length);
        socket.write(scratch.bytes.subarray(from, scratch.at));
        socket.write(data);
        from = scratch.at;
      }
    }
    if (scratch.at > from) socket.write(scratch.bytes.subarray(from, scratch.at));
    if (corked) socket.uncork();
    // What the kernel took is free again; what waits in the socket must not be written over.
    if (socket.writableLength > 0 || scratch.bytes.length > BATCH * 4) scratch = new Writer(SCRATCH);
  }

  #encode(tag: number, message: AnyMessage): void {
    const { at } = scratch;
    try {
      this.service.encode(scratch, tag, message);
      if (scratch.at - at > this.msize) throw new Errno('EMSGSIZE', `${message.type} of ${scratch.at - at} bytes`);
    } catch (error) {
      scratch.at = at;
      this.service.encode(scratch, tag, this.service.error(Errno.from(error, this.#unexpected)));
    }
  }

  /** An Rread whose data follows on its own. */
  #head(tag: number, length: number): void {
    const { at } = scratch;
    this.service.encode(scratch, tag, { type: 'Rread', data: empty } as AnyMessage);
    scratch.u32At(at, REPLY_HEAD + length);
    scratch.u32At(at + HEADER, length);
  }
}

const dataOf = (message: AnyMessage): Uint8Array => (message as AnyMessage & { data: Uint8Array }).data;
