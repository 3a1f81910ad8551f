import type { Corpus } from './corpus.ts';

/** Characters in the indexes of all agents together, beyond which those that were asked longest ago go. */
const SIZE = 32 * 1024 * 1024;
/** Touches after which all of them are looked at. */
const SELDOM = 64;

/** The indexes of a server. It holds none of them: an index goes with its agent. */
export class Indexes {
  readonly #limit: number;
  readonly #seldom: number;
  /** By the number of the agent; the one that was asked last is last. */
  #touches = 0;
  readonly #used = new Map<number, WeakRef<Corpus>>();

  constructor(limit = SIZE, seldom = SELDOM) {
    this.#limit = limit;
    this.#seldom = seldom;
  }

  /** An index was asked. Others go where there is too much; they are made anew when they are needed. */
  touch(agent: number, corpus: Corpus): void {
    this.#used.delete(agent);
    this.#used.set(agent, new WeakRef(corpus));
    // There may be thousands, and each tick comes by here.
    if (this.#touches++ % this.#seldom !== 0) return;
    let size = 0;
    for (const [id, reference] of this.#used) {
      const found = reference.deref();
      if (found && found.size > 0) size += found.size;
      else this.#used.delete(id);
    }
    for (const [id, reference] of this.#used) {
      if (size <= this.#limit || id === agent) return;
      const found = reference.deref();
      const freed = found?.size ?? 0;
      if (found?.drop() === false) continue;
      this.#used.delete(id);
      size -= freed;
    }
  }
}

const ofHost = new WeakMap<object, Indexes>();

/** Those of the server whose agents share `host`. */
export const indexesOf = (host: object): Indexes => {
  const known = ofHost.get(host) ?? new Indexes();
  ofHost.set(host, known);
  return known;
};
