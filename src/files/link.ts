import { S_IFLNK } from '../kernel/mode.ts';
import type { Attributes, Link as LinkNode } from '../kernel/node.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** A symbolic link inside the tree. Its text never changes. */
export class Link implements LinkNode {
  readonly kind = 'link';
  readonly cached = true;
  readonly #target: string;
  readonly #stamp: Stamp;

  constructor(world: World, target: string) {
    this.#target = target;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFLNK | 0o777, Buffer.byteLength(this.#target));
  }

  target(): string {
    return this.#target;
  }
}
