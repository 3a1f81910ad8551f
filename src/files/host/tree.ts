import { Errno } from '../../kernel/errno.ts';
import { checked } from '../../native/libc.ts';
import { at } from '../../native/at.ts';
import { sharedDescriptors, type Descriptors } from './descriptors.ts';
import type { Identity } from './identity.ts';
import type { HostNode } from './node.ts';

const EMFILE = 24;
const ENFILE = 23;

/**
 * What the nodes of one host directory share: which file is which node, and the descriptors. A file is one node as long
 * as anybody holds it, by whatever names it was found; the garbage collector says when nobody does.
 */
export class Tree {
  readonly path: string;
  #pool: Descriptors | undefined;
  readonly #nodes = new Map<number, WeakRef<HostNode>>();
  readonly #dead = new FinalizationRegistry<{ qid: number; ref: WeakRef<HostNode>; slot: HostNode['slot'] }>((held) => {
    if (this.#nodes.get(held.qid) === held.ref) this.#nodes.delete(held.qid);
    this.pool.release(held.slot);
  });
  readonly #handles = new Set<{ close(): void }>();
  closed = false;

  constructor(path: string, pool: Descriptors | undefined) {
    this.path = path;
    this.#pool = pool;
  }

  get pool(): Descriptors {
    return (this.#pool ??= sharedDescriptors());
  }

  /** How many files are nodes now. */
  get size(): number {
    return this.#nodes.size;
  }

  find({ qid, birth, mode }: Identity): HostNode | undefined {
    const node = this.#nodes.get(qid)?.deref();
    return node?.birth === birth && node.is(mode) ? node : undefined;
  }

  keep(node: HostNode): void {
    const ref = new WeakRef(node);
    this.#nodes.set(node.qid, ref);
    this.#dead.register(node, { qid: node.qid, ref, slot: node.slot }, node);
  }

  drop(node: HostNode): void {
    this.#dead.unregister(node);
    if (this.#nodes.get(node.qid)?.deref() === node) this.#nodes.delete(node.qid);
  }

  /** A call that makes a descriptor; where the process has none left it is made once more with some given back. */
  open(call: () => number, op: string, of: string | { readonly path: string }): number {
    return checked(this.attempt(call), op, of);
  }

  /** The same with a failure as minus errno. */
  attempt(call: () => number): number {
    if (this.closed) throw new Errno('ESTALE', `${this.path} is not served any more`);
    let fd = call();
    if (fd === -EMFILE || fd === -ENFILE) {
      this.pool.shrink();
      fd = call();
    }
    return fd;
  }

  opened(handle: { close(): void }): void {
    this.#handles.add(handle);
  }

  left(handle: { close(): void }): void {
    this.#handles.delete(handle);
  }

  /** Gives back every descriptor; nothing works afterwards. */
  close(): void {
    this.closed = true;
    for (const handle of this.#handles) handle.close();
    for (const ref of this.#nodes.values()) {
      const node = ref.deref();
      if (node) this.pool.release(node.slot);
    }
    this.#nodes.clear();
  }
}

/** The name of an open descriptor, through which the calls that know no AT_EMPTY_PATH reach the very file. */
export const magic = (fd: number): string => `/proc/self/fd/${fd}`;

/** close(2) of a descriptor that is in no pool. */
export const shut = (fd: number): void => void at().close(fd);
