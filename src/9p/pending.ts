import type { Request } from '../kernel/request.ts';

/** A request that runs: its tag is taken until it is answered or given up. */
export interface Running {
  readonly tag: number;
  readonly type: string;
  readonly fid: number;
  readonly request: Request;
  /** Tags of Tflush that wait for its end. */
  flushes: number[] | undefined;
  /** The reply belongs to a conversation that is over. */
  dead: boolean;
}

/** The tags in use on one connection. */
export class Pending {
  readonly #running = new Map<number, Running>();
  /** Tags of Tflush that wait, and for what. */
  readonly #flushing = new Map<number, Running>();

  get size(): number {
    return this.#running.size;
  }

  uses(tag: number): boolean {
    return this.#running.has(tag) || this.#flushing.has(tag);
  }

  add(running: Running): void {
    this.#running.set(running.tag, running);
  }

  /** Interrupts what a tag stands for, if anything. False: nothing will be answered under it, and Rflush may be sent. */
  flush(oldTag: number, tag: number): boolean {
    const target = this.#running.get(oldTag) ?? this.#flushing.get(oldTag);
    if (!target) return false;
    (target.flushes ??= []).push(tag);
    this.#flushing.set(tag, target);
    target.request.abort();
    return true;
  }

  /** Takes a request out; returns the flushes that can be answered now, in the order they came. */
  settle(running: Running): readonly number[] {
    if (running.dead) return [];
    this.#running.delete(running.tag);
    if (!running.flushes) return [];
    for (const tag of running.flushes) this.#flushing.delete(tag);
    return running.flushes;
  }

  /** A fid is about to go: what reads on it is interrupted. */
  interrupt(fid: number): void {
    for (const running of this.#running.values()) {
      if (running.fid === fid && running.type === 'Tread') running.request.abort();
    }
  }

  /** Ends everything; nothing of it is ever answered. */
  abandon(): void {
    for (const running of this.#running.values()) {
      running.dead = true;
      running.request.abort();
    }
    this.#running.clear();
    this.#flushing.clear();
  }
}
