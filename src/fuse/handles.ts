import { Errno } from '../kernel/errno.ts';
import type { Request } from '../kernel/request.ts';

/** Who opened a file: what is done on the descriptor later is done in that name, whoever holds it. */
export type Caller = Parameters<import('../kernel/session.ts').Session['request']>[0];

/** An open file or directory; the number the kernel has for it is the session's fid. */
export interface Open {
  readonly fid: number;
  readonly node: number;
  readonly caller: Caller;
  /** A wake-up for poll(2) is armed and has not fired. */
  armed: boolean;
}

export class Handles {
  readonly #open = new Map<number, Open>();

  add(fid: number, node: number, caller: Caller): void {
    this.#open.set(fid, { fid, node, caller, armed: false });
  }

  get size(): number {
    return this.#open.size;
  }

  get(fh: number): Open {
    const open = this.#open.get(fh);
    if (!open) throw new Errno('EBADF', `no open file ${fh}`);
    return open;
  }

  delete(fh: number): Open {
    const open = this.get(fh);
    this.#open.delete(fh);
    return open;
  }
}

/**
 * Last closes that are still being published. RELEASE has no answer anybody waits for, but what is asked later about the
 * same file, or about the directory it lies in, must see what the close did; so that waits here, and nothing else does.
 */
export class Publishing {
  readonly #pending = new Map<number, Promise<void>>();

  get size(): number {
    return this.#pending.size;
  }

  /** `done` never rejects. */
  add(node: number, done: Promise<void>): void {
    const before = this.#pending.get(node);
    const all = before ? Promise.all([before, done]).then(() => undefined) : done;
    this.#pending.set(node, all);
    void all.then(() => {
      if (this.#pending.get(node) === all) this.#pending.delete(node);
    });
  }

  /** undefined: nothing to wait for. EINTR where the caller has given up meanwhile. */
  wait(node: number, request: Request): Promise<void> | undefined {
    return this.#pending.get(node)?.then(() => {
      if (request.aborted) throw new Errno('EINTR');
    });
  }
}
