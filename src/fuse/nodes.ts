import { Errno } from '../kernel/errno.ts';
import { ROOT_ID } from './flags.ts';

/** A node the kernel knows. `id` is what it calls it, for as long as it does; `fid` is the session's name for it. */
export interface Known {
  readonly id: number;
  readonly qid: number;
  fid: number;
  /** Where it was last found; 0 for the root. */
  parent: number;
  name: string;
  /** How many answers named it that the kernel has not yet forgotten. */
  lookups: number;
}

/**
 * The kernel's node ids, the session's fids and the tree's qids, one to one to one. An id is never used again, so its
 * generation stays 0. Fids of open files are counted by the same counter.
 */
export class Nodes {
  readonly #ids = new Map<number, Known>();
  readonly #qids = new Map<number, Known>();
  #last: number = ROOT_ID;

  root(qid: number): void {
    const root: Known = { id: ROOT_ID, qid, fid: ROOT_ID, parent: 0, name: '', lookups: 1 };
    this.#ids.set(ROOT_ID, root);
    this.#qids.set(qid, root);
  }

  /** A number no fid has. */
  next(): number {
    return ++this.#last;
  }

  get size(): number {
    return this.#ids.size;
  }

  all(): Iterable<Known> {
    return this.#ids.values();
  }

  get(id: number): Known | undefined {
    return this.#ids.get(id);
  }

  byQid(qid: number): Known | undefined {
    return this.#qids.get(qid);
  }

  /** ESTALE: the kernel names what it has forgotten, or what it was never told. */
  fid(id: number): number {
    const known = this.#ids.get(id);
    if (!known) throw new Errno('ESTALE', `no node ${id}`);
    return known.fid;
  }

  /**
   * One more answer names what a walk has found. Returns the node, and the fid that is not needed: the new one where the
   * node is known in this place, the old one where it has moved. `same`: do two fids name one node? A host file may have
   * the number of one that is gone; the kernel must not take it for that.
   */
  learn(
    qid: number,
    fid: number,
    parent: number,
    name: string,
    same: (one: number, other: number) => boolean,
  ): { known: Known; spare: number | undefined } {
    const known = this.#qids.get(qid);
    if (!known || !same(known.fid, fid)) {
      const fresh: Known = { id: fid, qid, fid, parent, name, lookups: 1 };
      this.#ids.set(fid, fresh);
      this.#qids.set(qid, fresh);
      return { known: fresh, spare: undefined };
    }
    known.lookups += 1;
    if (known.id === ROOT_ID || (known.parent === parent && known.name === name)) return { known, spare: fid };
    const spare = known.fid;
    known.fid = fid;
    known.parent = parent;
    known.name = name;
    return { known, spare };
  }

  /** Returns the fid to give back where that were the last of the answers that named it. The root stays. */
  forget(id: number, lookups: number): number | undefined {
    const known = this.#ids.get(id);
    if (!known || id === ROOT_ID) return undefined;
    known.lookups -= lookups;
    if (known.lookups > 0) return undefined;
    this.#ids.delete(id);
    if (this.#qids.get(known.qid) === known) this.#qids.delete(known.qid);
    return known.fid;
  }

  /** The names from the root; undefined where a directory on the way is forgotten. */
  names(id: number): string[] | undefined {
    const names: string[] = [];
    for (let at = id; at !== ROOT_ID;) {
      const known = this.#ids.get(at);
      if (!known) return undefined;
      names.unshift(known.name);
      at = known.parent;
    }
    return names;
  }
}
