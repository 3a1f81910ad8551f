import { O_TRUNC, S_IFREG, writes } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { DocumentHandle, type Document } from './document.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** A whole document that can be read and replaced. The stamp is touched by whoever changes the content. */
export class Value implements File {
  readonly kind = 'file';
  readonly cached = true;
  readonly stamp: Stamp;
  readonly #document: Document;

  constructor(world: World, document: Document) {
    this.#document = document;
    this.stamp = new Stamp(world);
  }

  stat(request: Request): Awaitable<Attributes> {
    return soon(this.#document.load(request), (content) =>
      this.stamp.attributes(S_IFREG | 0o644, content?.length ?? 0),
    );
  }

  open(flags: number, request: Request): Awaitable<Handle> {
    if (flags & O_TRUNC) return new DocumentHandle(this.#document, flags, undefined);
    return soon(this.#document.load(request), (content) => {
      if (writes(flags)) return new DocumentHandle(this.#document, flags, content);
      const snapshot = content ?? new Uint8Array(0);
      return { read: (offset, count) => snapshot.subarray(offset, offset + count) };
    });
  }

  /** The present content; empty where there is none. */
  content(request: Request): Awaitable<Uint8Array> {
    return soon(this.#document.load(request), (content) => content ?? new Uint8Array(0));
  }

  /** A whole document at once: what a rename of a scratch file over this value does. */
  replace(content: Uint8Array, request: Request): Awaitable<void> {
    return soon(this.#document.stage(content, request), (staged) => soon(staged.publish(request), () => undefined));
  }
}
