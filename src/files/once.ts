import { S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import type { Staged } from './document.ts';
import { Value } from './value.ts';
import type { World } from './world.ts';

export interface OnceSource {
  readonly limit: number;
  /** What was published; undefined: nothing yet. */
  content(): Uint8Array | undefined;
  /** EEXIST when it was published meanwhile. */
  stage(content: Uint8Array, request: Request): Awaitable<Staged>;
}

/** A document that is written once: a value until it is published, then a text. */
export class Once implements File {
  readonly kind = 'file';
  readonly #source: OnceSource;
  readonly #value: Value;

  constructor(world: World, source: OnceSource) {
    this.#source = source;
    const stage = (content: Uint8Array, request: Request): Awaitable<Staged> => source.stage(content, request);
    this.#value = new Value(world, { limit: source.limit, load: () => source.content(), stage });
  }

  get qid(): number {
    return this.#value.qid;
  }

  stat(): Attributes {
    const content = this.#source.content();
    return this.#value.stamp.attributes(S_IFREG | (content ? 0o444 : 0o644), content?.length ?? 0);
  }

  open(flags: number, request: Request): Awaitable<Handle> {
    const content = this.#source.content();
    if (!content) return this.#value.open(flags, request);
    return { read: (offset, count) => content.subarray(offset, offset + count) };
  }
}
