import { Errno } from '../kernel/errno.ts';
import type { Attributes, Awaitable, Entry, Node } from '../kernel/node.ts';
import { nextQid } from '../kernel/qid.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import type { World } from './world.ts';

/** What a synthetic node has in common with every other: a number, a version, the time of its last change. */
export class Stamp {
  readonly qid: number;
  readonly #world: World;
  version = 0;
  #time: bigint;

  constructor(world: World, qid: number = nextQid()) {
    this.qid = qid;
    this.#world = world;
    this.#time = BigInt(Math.floor(world.now() * 1000)) * 1000n;
  }

  /** The content changed, now or at the given time in milliseconds. Caches hear of it. */
  touch(at: number = this.#world.now()): void {
    this.version = (this.version + 1) >>> 0;
    this.#time = BigInt(Math.floor(at * 1000)) * 1000n;
    this.#world.changes.attributes(this.qid);
  }

  attributes(mode: number, size: number): Attributes {
    const time = this.#time;
    return {
      qid: this.qid,
      version: this.version,
      mode,
      size,
      nlink: 1,
      uid: this.#world.uid,
      gid: this.#world.gid,
      rdev: 0,
      blocks: Math.ceil(size / 512),
      blksize: 4096,
      atime: time,
      mtime: time,
      ctime: time,
    };
  }
}

export const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? Buffer.from(content) : content;

const unknown = new WeakMap<Node, number>();

/**
 * The inode number that stat shows, for a listing: asked of the node, because a stat may have to render. A listing does
 * not fail for one name that cannot be looked at; such a node has a number of its own until it can.
 */
export const qidOf = (node: Node & { readonly qid?: number }, request: Request): Awaitable<number> => {
  if (!node.host && node.qid !== undefined) return node.qid;
  const failed = (error: unknown): number => {
    if (!(error instanceof Errno)) throw error;
    const qid = unknown.get(node) ?? nextQid();
    unknown.set(node, qid);
    return qid;
  };
  try {
    const qid = soon(node.stat(request), (attributes) => attributes.qid);
    return qid instanceof Promise ? qid.catch(failed) : qid;
  } catch (error) {
    return failed(error);
  }
};

/** Lines of a listing, with the numbers of their nodes; a promise only where one of them is. */
export const entriesOf = (
  lines: Iterable<{ readonly name: string; readonly mode: number; readonly node: Node }>,
  request: Request,
): Awaitable<Entry[]> => {
  const entries = Array.from(lines, ({ name, mode, node }) =>
    soon(qidOf(node, request), (qid): Entry => ({ name, mode, qid })),
  );
  const pending = entries.some((entry) => entry instanceof Promise);
  return pending ? Promise.all(entries.map(async (entry) => entry)) : (entries as Entry[]);
};
