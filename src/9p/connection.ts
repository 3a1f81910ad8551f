import type { Duplex } from 'node:stream';
import { Errno } from '../kernel/errno.ts';
import { soon } from '../kernel/soon.ts';
import { qidOf } from './common.ts';
import { Conversation } from './conversation.ts';
import type { Attach } from './conversation.ts';
import { NOFID } from './fields.ts';
import { Frames } from './frame.ts';
import { linuxService } from './linux.ts';
import { Order } from './order.ts';
import { Output } from './output.ts';
import { Pending } from './pending.ts';
import type { Running } from './pending.ts';
import { plainService } from './plain.ts';
import type { AnyMessage, Service } from './service.ts';
import { cut } from './show.ts';
import type { Trace } from './show.ts';
import { unixService } from './unix.ts';

/** Linux's own bound for its socket transports, and the least any client of ours is offered. */
const MAX_MSIZE = 1048576;
const MIN_MSIZE = 4096;
/** Requests of one connection that run at the same time. */
const MAX_RUNNING = 64;
/** Requests that are read while so many run, so that a Tflush or the end of the connection is still noticed. */
const MAX_QUEUED = 1024;
const MAX_QUEUED_BYTES = 2 * MAX_MSIZE;

const TVERSION = 100;
const TFLUSH = 108;

const services: readonly Service[] = [linuxService, unixService, plainService];

export interface ConnectionOptions {
  /** The session of an aname, or an Errno for one there is none for. */
  readonly attach: Attach;
  /** Hears of failures that are no Errno: defects of ours. */
  readonly unexpected: (cause: unknown) => void;
  readonly trace?: Trace | undefined;
}

interface Numbers {
  readonly tag?: number;
  readonly fid?: number;
  readonly dfid?: number;
  readonly dirfid?: number;
  readonly olddirfid?: number;
  readonly newfid?: number;
}

/** Requests that leave the fid as it is: nobody on the same fid waits for their end. */
const passive = new Set(['Tread', 'Treaddir', 'Tgetattr', 'Tstat', 'Tstatfs', 'Treadlink', 'Tgetlock', 'Tlock']);

/**
 * One connection of one client. It cuts frames, keeps tags, runs requests at the same time, and sends replies in the order
 * they are ready; what a message means is said by the dialect's handlers, and whether it may be by the session.
 */
export class Connection {
  /** Resolves when the connection is over and every fid is clunked. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #frames = new Frames(MAX_MSIZE);
  readonly #output: Output;
  readonly #pending = new Pending();
  #order = new Order();
  #talk: Conversation | undefined;
  #service: Service = linuxService;
  #running = 0;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #stopped = false;
  /** While a Tversion takes the old conversation down nothing else is looked at. */
  #resetting = false;
  #pumping = false;

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#output = new Output(socket, this.#service, MAX_MSIZE, options.unexpected);
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk);
      this.#pump();
    });
    socket.on('drain', () => this.#pump());
    // The reason of a lost connection changes nothing: 'close' follows and everything is given back.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => void this.#end().then(resolve));
    });
  }

  /** Ends the connection from our side. */
  close(): Promise<void> {
    this.#socket.destroy();
    return this.closed;
  }

  async #end(): Promise<void> {
    this.#queue.length = 0;
    this.#queued = 0;
    await this.#reset();
  }

  /** Interrupts what runs, waits until changes that had begun are over, and clunks every fid. */
  async #reset(): Promise<void> {
    const talk = this.#talk;
    const order = this.#order;
    this.#talk = undefined;
    this.#order = new Order();
    this.#pending.abandon();
    await order.idle();
    try {
      await talk?.close();
    } catch (error) {
      this.#options.unexpected(error);
    }
  }

  /** Serves what can be served; stops reading where the peer asks too much or reads too little. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#resetting && !this.#output.full && !this.#socket.destroyed) {
        const queued = this.#running < MAX_RUNNING ? this.#queue.shift() : undefined;
        if (queued) {
          this.#queued -= queued.length;
          this.#start(queued);
          continue;
        }
        if (this.#queue.length >= MAX_QUEUED || this.#queued >= MAX_QUEUED_BYTES) break;
        const frame = this.#frames.next();
        if (!frame) {
          this.#read(true);
          return;
        }
        this.#take(frame);
      }
      this.#read(false);
    } catch (error) {
      // The stream itself is broken: there is no next frame to find.
      this.#options.trace?.(`!! ${(error as Error).message}`);
      if (!(error instanceof Errno)) this.#options.unexpected(error);
      this.#output.flush();
      this.#socket.destroy();
    } finally {
      this.#pumping = false;
      this.#output.flush();
    }
  }

  #read(on: boolean): void {
    if (on !== this.#stopped) return;
    this.#stopped = !on;
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  #take(frame: Buffer): void {
    const type = frame[4]!;
    if (type === TVERSION) this.#version(frame);
    else if (type === TFLUSH) this.#flush(frame);
    else if (this.#running < MAX_RUNNING) this.#start(frame);
    else {
      this.#queue.push(frame);
      this.#queued += frame.length;
    }
  }

  #decode(tag: number, frame: Buffer): AnyMessage | undefined {
    try {
      const message = this.#service.decode(frame);
      this.#options.trace?.(`-> ${cut(this.#service.show(tag, message))}`);
      return message;
    } catch (error) {
      this.#refuse(tag, error);
      return undefined;
    }
  }

  /** Decides the dialect and msize and begins anew: whatever was attached, open or running before is gone (version(5)). */
  #version(frame: Buffer): void {
    const tag = frame.readUInt16LE(5);
    const message = this.#decode(tag, frame) as (AnyMessage & { msize: number; version: string }) | undefined;
    if (!message) return;
    const service = services.find(({ version }) => version === message.version);
    if (service) this.#service = this.#output.service = service;
    this.#queue.length = this.#queued = 0;
    this.#resetting = true;
    void this.#reset().then(() => {
      this.#resetting = false;
      if (message.msize < MIN_MSIZE) {
        this.#refuse(tag, new Errno('EMSGSIZE', `msize ${message.msize} where ${MIN_MSIZE} is the least`));
      } else {
        const msize = Math.min(message.msize, MAX_MSIZE);
        if (service) {
          this.#talk = new Conversation(msize);
          this.#frames.limit = this.#output.msize = msize;
        }
        this.#reply(tag, { type: 'Rversion', msize, version: service?.version ?? 'unknown' } as AnyMessage);
      }
      this.#pump();
    });
  }

  /** Rflush goes out when the old tag can never be answered any more. */
  #flush(frame: Buffer): void {
    const tag = frame.readUInt16LE(5);
    const message = this.#decode(tag, frame) as (AnyMessage & { oldtag: number }) | undefined;
    if (!message) return;
    const index = this.#queue.findIndex((queued) => queued.readUInt16LE(5) === message.oldtag);
    if (index >= 0) {
      const [queued] = this.#queue.splice(index, 1);
      this.#queued -= queued!.length;
    } else if (this.#pending.flush(message.oldtag, tag)) return;
    this.#reply(tag, { type: 'Rflush' });
  }

  #start(frame: Buffer): void {
    const tag = frame.readUInt16LE(5);
    const message = this.#decode(tag, frame);
    if (!message) return;
    try {
      if (this.#pending.size > 0 && this.#pending.uses(tag)) throw new Errno('EINVAL', `tag ${tag} is in use`);
      const talk = this.#talk;
      if (!talk) throw new Errno('EPROTO', 'Tversion comes first');
      if (message.type === 'Tattach') this.#attach(tag, message as AnyMessage & Attaching, talk);
      else if (message.type === 'Tauth') throw new Errno('ENOENT', 'no authentication is needed here');
      else this.#run(tag, message, talk);
    } catch (error) {
      this.#refuse(tag, error);
    }
  }

  #attach(tag: number, { fid, afid, aname }: Attaching, talk: Conversation): void {
    if (afid !== NOFID) throw new Errno('EINVAL', 'no authentication is needed here');
    const session = talk.attach(fid, aname, this.#service.links, this.#options.attach);
    const request = session.request();
    const named = session.attach(fid, request);
    const result = soon(named, (attributes) => this.#service.attached(qidOf(attributes)));
    if (result instanceof Promise) this.#wait(tag, 'Tattach', fid, undefined, request, result);
    else this.#reply(tag, result);
  }

  #run(tag: number, message: AnyMessage, talk: Conversation): void {
    const handler = this.#service.handler(message.type);
    if (!handler) throw new Errno('ENOTSUP', `${message.type} is no request`);
    const { fid: own, dfid, dirfid, olddirfid, newfid } = message as Numbers;
    const fid = own ?? dfid ?? dirfid ?? olddirfid ?? NOFID;
    const session = talk.sessionOf(fid);
    const request = session.request();
    const { type } = message;
    if (this.#running > 0 && (type === 'Tclunk' || type === 'Tremove')) this.#pending.interrupt(fid);
    const before = this.#order.before(fid);
    const result = before
      ? before.then(() => {
          if (request.aborted) throw new Errno('EINTR');
          return handler(message, session, request, talk);
        })
      : handler(message, session, request, talk);
    if (result instanceof Promise) this.#wait(tag, type, fid, newfid, request, result);
    else this.#reply(tag, result);
  }

  #wait(
    tag: number,
    type: string,
    fid: number,
    newfid: number | undefined,
    request: Running['request'],
    result: Promise<AnyMessage>,
  ): void {
    const running: Running = { tag, type, fid, request, flushes: undefined, dead: false };
    this.#pending.add(running);
    this.#running++;
    const done = result.then(
      (reply) => this.#settle(running, reply),
      (error: unknown) => this.#settle(running, undefined, error),
    );
    if (passive.has(type)) return;
    this.#order.put(fid, done);
    if (newfid !== undefined && newfid !== fid) this.#order.put(newfid, done);
  }

  #settle(running: Running, reply: AnyMessage | undefined, error?: unknown): void {
    this.#running--;
    const { tag, dead, request } = running;
    const flushes = this.#pending.settle(running);
    if (!dead) {
      // A flushed request that ended all the same is answered: what it did to a fid, the client must know.
      if (reply) this.#reply(tag, reply);
      else if (!(flushes.length > 0 && request.aborted && interrupted(error))) this.#refuse(tag, error);
      else if (!(error instanceof Errno)) Errno.from(error, this.#options.unexpected);
      for (const flush of flushes) this.#reply(flush, { type: 'Rflush' });
      this.#output.later();
    } else if (error !== undefined) Errno.from(error, this.#options.unexpected);
    if (this.#queue.length > 0 || this.#stopped) this.#pump();
  }

  #reply(tag: number, message: AnyMessage): void {
    this.#options.trace?.(`<- ${cut(this.#service.show(tag, message))}`);
    this.#output.add(tag, message);
  }

  #refuse(tag: number, error: unknown): void {
    this.#reply(tag, this.#service.error(Errno.from(error, this.#options.unexpected)));
  }
}

interface Attaching {
  readonly fid: number;
  readonly afid: number;
  readonly aname: string;
}

const interrupted = (error: unknown): boolean =>
  error instanceof Errno ? error.code === 'EINTR' : error instanceof Error && error.name === 'AbortError';
