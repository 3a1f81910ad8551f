import { setTimeout as after } from 'node:timers/promises';
import { Errno } from '../../kernel/errno.ts';
import type { Request } from '../../kernel/request.ts';
import type { Session } from '../../kernel/session.ts';
import type { Log } from '../driver.ts';
import { errnoOf } from './numbers.ts';

const ROOT = 1;
/** libfuse hands out what it was given as an int, and takes 0 for nothing. */
const MOST = 0x7fff_ffff;
/** Milliseconds for which an operation waits for a release that a flush has announced. */
const PATIENCE = 50;

/** One open file; the number libfuse has for it is the session's fid. */
interface Open {
  /** Written to since the last flush. */
  wrote: boolean;
  /** Ends the wait for its release. */
  settle: (() => void) | undefined;
}

/** A session spoken to by paths: libfuse's high-level interface knows no nodes. */
export class Tree {
  readonly session: Session;
  readonly #log: Log;
  readonly #running = new Set<Request>();
  readonly #open = new Map<number, Open>();
  readonly #settling = new Set<Promise<void>>();
  #last = ROOT;
  #ended = false;

  constructor(session: Session, log: Log) {
    this.session = session;
    this.#log = log;
  }

  async attach(): Promise<void> {
    await this.session.attach(ROOT, this.session.request());
  }

  get open(): number {
    return this.#open.size;
  }

  /** Runs one operation and answers it once, with 0 and its value or with minus errno. */
  call<R>(op: string, body: (request: Request) => Promise<R>, done: (status: number, value?: R) => void): void {
    const request = this.session.request();
    this.#running.add(request);
    const run = async (): Promise<R> => {
      if (this.#ended) throw new Errno('ENODEV', 'unmounted');
      return body(request);
    };
    run()
      .finally(() => this.#running.delete(request))
      .then(
        (value) => done(0, value),
        (error: unknown) => done(-errnoOf(Errno.from(error, (cause) => this.#log(`fuse: ${op} failed`, cause)))),
      )
      .catch((error: unknown) => this.#log(`fuse: ${op} was not answered`, error));
  }

  /** Walks to a path, with a fid that is given back when `use` is done. */
  async at<R>(path: string, request: Request, use: (fid: number) => R | Promise<R>): Promise<R> {
    const fid = this.#next();
    await this.#walk(path, fid, request);
    try {
      return await use(fid);
    } finally {
      await this.session.clunk(fid, request);
    }
  }

  /** Walks to the directory a path lies in. */
  in<R>(path: string, request: Request, use: (fid: number, name: string) => R | Promise<R>): Promise<R> {
    const slash = path.lastIndexOf('/');
    return this.at(path.slice(0, slash), request, (fid) => use(fid, path.slice(slash + 1)));
  }

  /** Walks to a path and makes an open file of it; returns its number. */
  async opened(path: string, request: Request, open: (fid: number) => unknown): Promise<number> {
    const fid = this.#next();
    await this.#walk(path, fid, request);
    try {
      await open(fid);
    } catch (error) {
      await this.session.clunk(fid, request);
      throw error;
    }
    this.#open.set(fid, { wrote: false, settle: undefined });
    return fid;
  }

  wrote(fd: number): void {
    const open = this.#open.get(fd);
    if (!open) return;
    open.wrote = true;
    open.settle?.();
  }

  /**
   * A flush after a write is most often a close, and the release that publishes comes behind it, but libfuse's threads
   * may bring us what the client did next before it.
   */
  flushed(fd: number): void {
    const open = this.#open.get(fd);
    if (!open?.wrote) return;
    open.wrote = false;
    open.settle?.();
    const released = new Promise<void>((resolve) => {
      open.settle = resolve;
    });
    const late = new AbortController();
    const settled: Promise<void> = Promise.race([
      released,
      after(PATIENCE, undefined, { signal: late.signal, ref: false }),
    ]).then(() => {
      late.abort();
      this.#settling.delete(settled);
    });
    this.#settling.add(settled);
  }

  async release(fd: number, request: Request): Promise<void> {
    const open = this.#open.get(fd);
    if (!open) throw new Errno('EBADF', `no open file ${fd}`);
    this.#open.delete(fd);
    try {
      await this.session.clunk(fd, request);
    } finally {
      open.settle?.();
    }
  }

  /** Waits for the releases that must come before what the client asks now. */
  async settled(): Promise<void> {
    if (this.#settling.size > 0) await Promise.all(this.#settling);
  }

  /** Interrupts what waits; from now on every operation is ENODEV. */
  end(): void {
    this.#ended = true;
    for (const request of this.#running) request.abort();
  }

  /** Two steps, because the session's walk tells the failure of its first name only. */
  async #walk(path: string, fid: number, request: Request): Promise<void> {
    const names = path.split('/').filter((name) => name !== '');
    const last = names.pop();
    const passed = await this.session.walk(ROOT, fid, names, request);
    if (passed.length < names.length) throw new Errno('ENOENT', `${path}: no such path`);
    if (last === undefined) return;
    try {
      await this.session.walk(fid, fid, [last], request);
    } catch (error) {
      await this.session.clunk(fid, request);
      throw error;
    }
  }

  #next(): number {
    do this.#last = this.#last >= MOST ? ROOT + 1 : this.#last + 1;
    while (this.session.has(this.#last));
    return this.#last;
  }
}
