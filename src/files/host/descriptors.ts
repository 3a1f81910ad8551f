import { readFileSync } from 'node:fs';
import { at } from '../../native/at.ts';

/** What a node keeps of its descriptor: O_PATH, which pins the inode and opens nothing. */
export interface Slot {
  fd: number;
  /** The file has no name any more that we know: closed only by `release`, because it could never be opened again. */
  pinned: boolean;
  /** Use count of the pool when last touched. */
  used: number;
}

export const slot = (): Slot => ({ fd: -1, pinned: false, used: 0 });

/**
 * The descriptors nodes hold, the least recently used of which are closed where there are more than `most`: a client
 * may keep a hundred thousand nodes, a process a few thousand descriptors. As many again may be pinned.
 */
export class Descriptors {
  readonly most: number;
  readonly #recent = new Set<Slot>();
  readonly #pinned = new Set<Slot>();
  #uses = 0;

  constructor(most: number) {
    // A rename holds four at once; each step down a path two.
    this.most = Math.max(16, most);
  }

  get size(): number {
    return this.#recent.size + this.#pinned.size;
  }

  /** The descriptor, or -1. It stays open at least until `most` others were used. */
  get(slot: Slot): number {
    if (slot.fd >= 0 && !slot.pinned && ++this.#uses - slot.used > this.most / 4) {
      slot.used = this.#uses;
      this.#recent.delete(slot);
      this.#recent.add(slot);
    }
    return slot.fd;
  }

  /** Takes over a descriptor. */
  put(slot: Slot, fd: number): void {
    this.release(slot);
    slot.fd = fd;
    slot.used = ++this.#uses;
    this.#recent.add(slot);
    if (this.#recent.size > this.most) this.#oldest(this.#recent);
  }

  pin(slot: Slot): void {
    if (slot.fd < 0 || slot.pinned) return;
    slot.pinned = true;
    this.#recent.delete(slot);
    this.#pinned.add(slot);
    // A node that loses its pin answers ESTALE, as after a server's restart.
    if (this.#pinned.size > this.most) this.#oldest(this.#pinned);
  }

  unpin(slot: Slot): void {
    if (!slot.pinned) return;
    slot.pinned = false;
    this.#pinned.delete(slot);
    slot.used = ++this.#uses;
    this.#recent.add(slot);
    if (this.#recent.size > this.most) this.#oldest(this.#recent);
  }

  release(slot: Slot): void {
    if (slot.fd < 0) return;
    this.#recent.delete(slot);
    this.#pinned.delete(slot);
    at().close(slot.fd);
    slot.fd = -1;
    slot.pinned = false;
  }

  /** The process has no descriptors left: gives back half of those that can be opened again. */
  shrink(): void {
    for (let left = Math.ceil(this.#recent.size / 2); left > 0; left--) this.#oldest(this.#recent);
  }

  #oldest(slots: Set<Slot>): void {
    const [oldest] = slots;
    if (oldest) this.release(oldest);
  }
}

const limit = (): number => {
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return soft === undefined ? 1024 : Number(soft);
};

let common: Descriptors | undefined;

/** One pool for all host directories of the process: there may be ten thousand of them. */
export const sharedDescriptors = (): Descriptors =>
  (common ??= new Descriptors(Math.min(4096, Math.floor(limit() / 8))));
