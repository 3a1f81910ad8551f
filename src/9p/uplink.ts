import { Errno } from '../kernel/errno.ts';
import { until } from '../kernel/until.ts';
import type { Address } from './address.ts';
import { dial } from './dial.ts';
import { NOFID } from './fields.ts';
import { Rpc } from './rpc.ts';

export interface UplinkOptions {
  readonly aname?: string;
  readonly uname?: string;
  /** The largest message asked for; 1 MiB. */
  readonly msize?: number;
  /** Milliseconds a call waits for a lost server to come back before it fails; 0 never reconnects. 10 s. */
  readonly patience?: number;
  /** Milliseconds a server may take until it has answered Tversion and Tattach: ETIMEDOUT then. 10 s. */
  readonly greeting?: number;
}

/** The fid of the attach, in every connection. */
export const ROOT = 0;

/** One connection, and the fid numbers that are free in it. Fids of an earlier one mean nothing in a later. */
export class Attached {
  readonly rpc: Rpc;
  readonly #free: number[] = [];
  #next = ROOT;

  constructor(rpc: Rpc) {
    this.rpc = rpc;
  }

  take(): number {
    return this.#free.pop() ?? (this.#next += 1);
  }

  give(fid: number): void {
    this.#free.push(fid);
  }

  /** Gives a fid back whose state is unknown, after the server has forgotten it whatever it was. */
  async drop(fid: number): Promise<void> {
    try {
      await this.rpc.call({ type: 'Tclunk', fid });
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
    }
    this.give(fid);
  }
}

const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1000;

const pause = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(new Errno('EINTR'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', aborted, { once: true });
  });

/** Keeps one attached connection to a server, and makes a new one when a call needs it and the old is lost. */
export class Uplink {
  readonly address: Address;
  readonly #options: UplinkOptions;
  readonly #patience: number;
  #attached: Attached | undefined;
  #coming: Promise<Attached> | undefined;
  #closed = false;
  readonly #stop = new AbortController();

  constructor(address: Address, options: UplinkOptions) {
    this.address = address;
    this.#options = options;
    this.#patience = options.patience ?? 10_000;
  }

  /** The connection in force, if it is alive. */
  get present(): Attached | undefined {
    return this.#attached?.rpc.alive() ? this.#attached : undefined;
  }

  /** The first connection: one attempt, so that a wrong address is told at once. */
  open(signal?: AbortSignal): Promise<Attached> {
    return this.#share(this.#attach(signal));
  }

  /** A live connection. ECONNRESET when the server did not come back in time. */
  live(signal?: AbortSignal): Attached | Promise<Attached> {
    const { present } = this;
    if (present) return present;
    if (this.#closed) throw new Errno('ECONNRESET', 'the client is closed');
    if (this.#patience === 0) throw new Errno('ECONNRESET', 'the server closed the connection');
    this.#coming ??= this.#share(this.#again());
    return signal ? until(this.#coming, signal) : this.#coming;
  }

  #share(coming: Promise<Attached>): Promise<Attached> {
    this.#coming = coming;
    const over = (): void => {
      if (this.#coming === coming) this.#coming = undefined;
    };
    coming.then(over, over);
    return coming;
  }

  async #again(): Promise<Attached> {
    const deadline = performance.now() + this.#patience;
    for (let wait = FIRST_PAUSE; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
      try {
        return await this.#attach(this.#stop.signal);
      } catch (error) {
        if (this.#closed || performance.now() + wait > deadline) {
          throw new Errno('ECONNRESET', 'the server did not come back', { cause: error });
        }
      }
      await pause(wait, this.#stop.signal);
    }
  }

  async #attach(signal: AbortSignal | undefined): Promise<Attached> {
    const { aname = '', uname = '', msize = 1048576, greeting = 10_000 } = this.#options;
    const socket = await dial(this.address, signal);
    const rpc = new Rpc(socket, msize);
    // Whoever answers nothing answers no Tflush either: an abort ends the connection, too.
    const aborted = (): void => rpc.close(new Errno('EINTR'));
    const late = setTimeout(() => rpc.close(new Errno('ETIMEDOUT', 'nobody there speaks 9P')), greeting);
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      if (signal?.aborted) throw new Errno('EINTR');
      await rpc.version();
      await rpc.call({ type: 'Tattach', fid: ROOT, afid: NOFID, uname, aname, n_uname: process.getuid?.() ?? 0 });
      if (this.#closed) throw new Errno('ECONNRESET', 'the client is closed');
    } catch (error) {
      rpc.close();
      throw error;
    } finally {
      clearTimeout(late);
      signal?.removeEventListener('abort', aborted);
    }
    this.#attached = new Attached(rpc);
    return this.#attached;
  }

  /** Ends the connection; the server clunks every fid. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stop.abort();
    const { rpc } = this.#attached ?? {};
    rpc?.close();
    await rpc?.lost;
  }
}
