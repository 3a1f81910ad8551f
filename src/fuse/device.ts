import { Errno } from '../kernel/errno.ts';
import type { Libc } from '../native/libc.ts';
import { FRAME } from './reply.ts';

/** Milliseconds. After an answer the next request is expected this long, spinning: a sleep and a wake-up cost as much. */
const SPIN = 0.05;
/** One drain gives the loop back after this long or so many requests, so that timers and other descriptors live. */
const TURN = 1;
const BATCH = 64;
/** poll(2) is parked in the thread pool at most so long: a process that exits waits for its pool. */
const PARK = 1000;
/** Frames that unfinished writes keep, in bytes; past it nothing more is read until one of them ends. */
const HELD = 64 * FRAME;

const EINTR = 4;
const ENOENT = 2;
const EAGAIN = 11;
const ENODEV = 19;
const ECONNABORTED = 103;
const POLLIN = 1;

/**
 * Reads requests from /dev/fuse in the order the kernel queued them, on the main thread. Several reads parked in the
 * thread pool would finish in any order, and an OPEN must not overtake the RELEASE before it. The descriptor does not
 * block; while nothing comes, one poll(2) is parked and no processor is used.
 */
export class Device {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #take: (frame: Buffer, length: number) => boolean;
  #frame: Buffer = Buffer.allocUnsafeSlow(FRAME);
  #spare: Buffer | undefined;
  #held = 0;
  #until = 0;
  #parked = false;
  #scheduled = false;
  #over = false;
  #failure: Errno | undefined;
  #finish!: (failure?: Errno) => void;
  /** Resolves when the connection is over and nothing reads the descriptor any more. Rejects where reading failed. */
  readonly ended: Promise<void>;

  /** `take` handles one request and says whether its answer comes later. It must not throw. */
  constructor(libc: Libc, fd: number, take: (frame: Buffer, length: number) => boolean) {
    this.#libc = libc;
    this.#fd = fd;
    this.#take = take;
    this.ended = new Promise((resolve, reject) => {
      this.#finish = (failure) => {
        if (failure) reject(failure);
        else resolve();
      };
    });
  }

  start(): void {
    this.#schedule();
  }

  /** Stops reading, without waiting for the kernel to end the connection. */
  stop(): void {
    this.#over = true;
    if (!this.#parked) this.#finish();
  }

  /** An answer was given outside of a drain: whoever waited for it will probably ask again at once. */
  answered(): void {
    this.#until = performance.now() + SPIN;
    this.#schedule();
  }

  /** Keeps the present frame out of use until the function returned is called. */
  hold(): () => void {
    const frame = this.#frame;
    this.#frame = this.#spare ?? Buffer.allocUnsafeSlow(FRAME);
    this.#spare = undefined;
    this.#held += FRAME;
    return () => {
      this.#held -= FRAME;
      this.#spare ??= frame;
      this.#schedule();
    };
  }

  /** Writes one answer. A connection that is over is found by the next read; then the number may be another file's. */
  readonly write = (message: Buffer, length: number): void => {
    if (this.#over) return;
    const written = this.#libc.write(this.#fd, message, length);
    if (written >= 0 || written === -ENOENT || written === -ENODEV || written === -ECONNABORTED) return;
    throw Errno.ofNumber(-written, `writing an answer: errno ${-written}`);
  };

  #schedule(): void {
    if (this.#scheduled || this.#over) return;
    this.#scheduled = true;
    setImmediate(this.#drain);
  }

  readonly #drain = (): void => {
    this.#scheduled = false;
    const begun = performance.now();
    let count = 0;
    let later = false;
    // The clock costs as much as the rest of a small request here, so it is read when there is time, not for each.
    let answered = false;
    while (!this.#over) {
      // Unfinished writes end without any further request of ours, so this cannot stand still.
      if (this.#held > HELD) return;
      const n = this.#libc.read(this.#fd, this.#frame, FRAME);
      if (n > 0) {
        later = this.#take(this.#frame, n) || later;
        answered = true;
        if (++count >= BATCH || ((count & 7) === 0 && performance.now() - begun > TURN)) break;
      } else if (n === -EAGAIN) {
        // A promise that is ready needs this turn to end.
        if (later) break;
        const now = performance.now();
        if (answered) this.#until = now + SPIN;
        answered = false;
        if (now < this.#until) continue;
        this.#park();
        return;
      } else if (n !== -EINTR && n !== -ENOENT) {
        this.#end(n);
        return;
      }
    }
    if (answered) this.#until = performance.now() + SPIN;
    this.#schedule();
  };

  #park(): void {
    if (this.#parked) return;
    this.#parked = true;
    const woken = (): void => {
      this.#parked = false;
      if (this.#over) this.#finish(this.#failure);
      else this.#drain();
    };
    this.#libc.pollLater(this.#fd, POLLIN, PARK).then(woken, (cause: unknown) => {
      this.#over = true;
      this.#failure = new Errno('EIO', 'poll failed', { cause });
      woken();
    });
  }

  /** ENODEV is an unmount, ECONNABORTED an abort, the end of the file a test's device that was closed. */
  #end(n: number): void {
    this.#over = true;
    if (n !== 0 && n !== -ENODEV && n !== -ECONNABORTED) {
      this.#failure = Errno.ofNumber(-n, `reading requests: errno ${-n}`);
    }
    if (!this.#parked) this.#finish(this.#failure);
  }
}
