import type { Entry, Handle, Node } from './node.ts';
import type { Place } from './place.ts';

/** One open of a node. A directory has entries and no handle. */
export interface Open {
  readonly flags: number;
  readonly node: Node;
  readonly handle: Handle | undefined;
  /** Listing as it was at the first read; a rewind takes it again. */
  entries: readonly Entry[] | undefined;
}

/** A client's name for a place, and for its open file once it is opened. */
export interface Fid {
  place: Place;
  open: Open | undefined;
}

const held = new WeakMap<Node, number>();

/** Counts the fids that name a node, over all sessions, for the nodes that want to know when the last one is gone. */
export const hold = (node: Node): void => {
  if (node.forget) held.set(node, (held.get(node) ?? 0) + 1);
};

/** Does any fid name it? */
export const isHeld = (node: Node): boolean => held.has(node);

export const drop = (node: Node): void => {
  if (!node.forget) return;
  const left = (held.get(node) ?? 1) - 1;
  if (left > 0) held.set(node, left);
  else {
    held.delete(node);
    node.forget();
  }
};
