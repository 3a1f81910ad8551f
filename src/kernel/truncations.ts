import type { Open } from './fid.ts';

/** How long a truncate by path waits for the open it belongs to, in milliseconds. */
const PATIENCE = 5000;
const MOST = 64;

/**
 * Truncates that name no descriptor. Which open they belong to is decided here, for the clients that send them apart:
 * fuse-native and Linux 6.12's 9P client after the open, Linux 6.1's before it. One that nothing follows has no effect.
 */
export class Truncations {
  readonly #writers = new Map<number, Open[]>();
  readonly #qids = new WeakMap<Open, number>();
  readonly #marks = new Map<number, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** An open for writing; `open(qid)` finds it until it is deleted. */
  add(qid: number, open: Open): void {
    this.#qids.set(open, qid);
    this.#writers.set(qid, [...(this.#writers.get(qid) ?? []), open]);
  }

  delete(open: Open): void {
    const qid = this.#qids.get(open);
    if (qid === undefined) return;
    const left = this.#writers.get(qid)?.filter((other) => other !== open) ?? [];
    if (left.length > 0) this.#writers.set(qid, left);
    else this.#writers.delete(qid);
  }

  /** The newest open for writing of this client. */
  open(qid: number): Open | undefined {
    return this.#writers.get(qid)?.at(-1);
  }

  mark(qid: number): void {
    this.#marks.delete(qid);
    this.#marks.set(qid, this.#now());
    if (this.#marks.size > MOST) this.#marks.delete(this.#marks.keys().next().value!);
  }

  /** Was the node truncated just before this open? Answers once. */
  take(qid: number): boolean {
    const at = this.#marks.get(qid);
    if (at === undefined) return false;
    this.#marks.delete(qid);
    return this.#now() - at < PATIENCE;
  }
}
