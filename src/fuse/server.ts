import { closeSync } from 'node:fs';
import type { Changes } from '../kernel/changes.ts';
import { Errno } from '../kernel/errno.ts';
import type { Session } from '../kernel/session.ts';
import type { Subject } from '../kernel/subject.ts';
import { libc } from '../native/libc.ts';
import type { Context, Log, Operations } from './context.ts';
import { Device } from './device.ts';
import { Dispatcher, type OfConnection } from './dispatch.ts';
import * as flags from './flags.ts';
import { Handles, Publishing } from './handles.ts';
import type { Answer, Body } from './messages.ts';
import { Nodes } from './nodes.ts';
import { Notifier } from './notify.ts';
import { MAX_PAGES, MAX_WRITE, Replies } from './reply.ts';

/**
 * Requests the kernel keeps under way without anybody waiting for them: readahead, and every RELEASE. Past it they
 * stand in a second queue, where an OPEN could overtake a RELEASE; so there is room for many closes at once.
 */
const MAX_BACKGROUND = 4096;
const CONGESTION = 3072;

const FEATURES =
  flags.ASYNC_READ |
  flags.ATOMIC_O_TRUNC |
  flags.BIG_WRITES |
  flags.AUTO_INVAL_DATA |
  flags.DO_READDIRPLUS |
  flags.READDIRPLUS_AUTO |
  flags.PARALLEL_DIROPS |
  flags.HANDLE_KILLPRIV_V2 |
  flags.MAX_PAGES;

export interface ServerOptions {
  /** Made for this connection, with as many fids as the kernel wants to remember: `maxFids: Infinity`. Closed with it. */
  session: Session;
  changes: Changes;
  /** What a uid is that is not the server's own. */
  others: Subject;
  log: Log;
}

/** One connection of the kernel: its requests on a descriptor of /dev/fuse become verbs of one session. */
export class FuseServer {
  readonly #session: Session;
  readonly #changes: Changes;
  readonly #others: Subject;
  readonly #log: Log;
  #device: Device | undefined;
  #nodes: Nodes | undefined;
  #handles: Handles | undefined;
  #begun!: (failure?: Errno) => void;
  /** Resolves when the kernel and we have agreed on the protocol. Rejects where we cannot, with EPROTO or the root's failure. */
  readonly ready: Promise<void>;

  constructor({ session, changes, others, log }: ServerOptions) {
    this.#others = others;
    this.#session = session;
    this.#changes = changes;
    this.#log = log;
    this.ready = new Promise((resolve, reject) => {
      this.#begun = (failure) => {
        if (failure) reject(failure);
        else resolve();
      };
    });
    this.ready.catch(() => undefined); // also where nobody waits for it; the kernel is answered with the failure
  }

  /** What the kernel knows of us at present, for status and tests. */
  get known(): { nodes: number; open: number; fids: number } {
    return { nodes: this.#nodes?.size ?? 0, open: this.#handles?.size ?? 0, fids: this.#session.size };
  }

  /**
   * Serves a descriptor of /dev/fuse that does not block, and closes it at the end. Resolves when the connection is
   * over: an unmount, an abort, or `close`. Rejects where the descriptor fails otherwise.
   */
  async serve(fd: number): Promise<void> {
    if (this.#device) throw new Errno('EBUSY', 'a server serves one connection');
    const nodes = (this.#nodes = new Nodes());
    const handles = (this.#handles = new Handles());
    const inflight: Context['inflight'] = new Map();
    const device: Device = new Device(await libc(), fd, (frame, length) => dispatcher.take(frame, length));
    this.#device = device;
    const notifier = new Notifier(
      fd,
      nodes,
      () => {
        context.serial += 1;
      },
      this.#log,
    );
    const context: Context = {
      session: this.#session,
      nodes,
      handles,
      publishing: new Publishing(),
      inflight,
      log: this.#log,
      serial: 0,
      hold: () => device.hold(),
      wake: (kh) => notifier.wake(kh),
    };
    const replies = new Replies(device.write);
    const dispatcher: Dispatcher = new Dispatcher(context, replies, this.#own(), this.#others, () => device.answered());
    const unsubscribe = this.#changes.subscribe(notifier);
    device.start();
    try {
      await device.ended;
    } finally {
      unsubscribe();
      for (const request of inflight.values()) request.abort();
      await notifier.close();
      closeSync(fd);
      await this.#session.close();
    }
  }

  /** Ends the connection from our side. An unmount is the better end: it leaves no dead directory behind. */
  close(): void {
    this.#device?.stop();
  }

  #own(): Operations<OfConnection> {
    return {
      INIT: async (context, body, { request }) => {
        if (context.nodes.size > 0) throw new Errno('EIO', 'INIT came twice');
        try {
          const answer = negotiate(body);
          if (body.major > flags.MAJOR) return answer;
          context.nodes.root((await this.#session.attach(flags.ROOT_ID, request)).qid);
          this.#begun();
          return answer;
        } catch (error) {
          const failure = Errno.ofSystem(error);
          this.#begun(failure);
          throw failure;
        }
      },

      // The kernel interrupts only what it has handed out, and one reader reads in order: what is not here is answered.
      INTERRUPT: ({ inflight }, { unique }) => inflight.get(unique)?.abort(),

      DESTROY: () => undefined,
    };
  }
}

/** The lower of both minors, and of the features those the kernel has too. Throws EPROTO where it is too old. */
const negotiate = (body: Body<'INIT'>): Answer<'INIT'> => {
  const { major, minor, max_readahead } = body;
  if (major < flags.MAJOR || (major === flags.MAJOR && minor < flags.OLDEST)) {
    throw new Errno('EPROTO', `the kernel speaks FUSE ${major}.${minor}, 7.${flags.OLDEST} is needed`);
  }
  return {
    // A kernel with a larger major asks again in ours.
    major: flags.MAJOR,
    minor: Math.min(minor, flags.MINOR),
    max_readahead,
    flags: (FEATURES & body.flags) >>> 0,
    max_background: MAX_BACKGROUND,
    congestion_threshold: CONGESTION,
    max_write: MAX_WRITE,
    time_gran: 1,
    max_pages: MAX_PAGES,
    map_alignment: 0,
    flags2: 0,
  };
};
