import type { Subject } from './subject.ts';
import { Errno } from './errno.ts';

/**
 * The context of one call: who asks and how it is stopped. `signal` is made when first asked for, because most calls
 * end before anybody could interrupt them and an AbortController costs more than they do.
 */
export class Request {
  readonly subject: Subject;
  /** The mount table of the client that asks, as text; `mounts` shows it. */
  readonly mounts: (() => string) | undefined;
  /** Tells sessions apart (a scratch file is listed only for the session that made it). */
  readonly session: number;
  /** How many changes that session had made, or tried, when this call began: what it saw before may be another now. */
  readonly acted: number;
  /** The uid and gid a new host file is owned by; undefined: the server's own. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** O_NONBLOCK as it stands on the descriptor now, where the wire says so with each read. */
  nonblock = false;
  readonly #groups: (() => readonly number[]) | undefined;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(
    subject: Subject,
    options: {
      mounts?: (() => string) | undefined;
      session?: number;
      acted?: number;
      uid?: number | undefined;
      gid?: number | undefined;
      /** Supplementary groups of the caller; asked for only where the host's rules are applied to another uid. */
      groups?: (() => readonly number[]) | undefined;
    } = {},
  ) {
    this.subject = subject;
    this.mounts = options.mounts;
    this.session = options.session ?? 0;
    this.acted = options.acted ?? 0;
    this.uid = options.uid;
    this.gid = options.gid;
    this.#groups = options.groups;
  }

  get groups(): readonly number[] {
    return this.#groups?.() ?? [];
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(new Errno('EINTR'));
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** FUSE_INTERRUPT, Tflush, a lost connection. Idempotent. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort(new Errno('EINTR'));
  }
}
