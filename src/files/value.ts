import { Errno } from '../kernel/errno.ts';
import { O_TRUNC, S_IFREG, writes } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { DocumentHandle, type Document } from './document.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** A whole document that can be read and replaced. Whoever changes the content otherwise touches the stamp. */
export class Value implements File {
  readonly kind = 'file';
  readonly cached = true;
  readonly stamp: Stamp;
  readonly #document: Document;
  /** Publishing that is under way: nobody waits for FUSE's RELEASE, and the next open must not see what was before. */
  #settling: Promise<unknown> | undefined;

  constructor(world: World, document: Document) {
    this.#document = document;
    this.stamp = new Stamp(world);
  }

  get qid(): number {
    return this.stamp.qid;
  }

  stat(request: Request): Awaitable<Attributes> {
    return soon(this.content(request), (content) => this.stamp.attributes(S_IFREG | 0o644, content.length));
  }

  open(flags: number, request: Request): Awaitable<Handle> {
    if (flags & O_TRUNC) return this.#handle(flags, undefined);
    return soon(this.content(request), (content) => {
      if (writes(flags)) return this.#handle(flags, content);
      return { read: (offset, count) => content.subarray(offset, offset + count) };
    });
  }

  /** The first open of a name that was not there. */
  create(flags: number): Handle {
    return this.#handle(flags, undefined, true);
  }

  #handle(flags: number, base: Uint8Array | undefined, fresh = false): Handle {
    const document = new DocumentHandle(this.#document, flags, base, fresh);
    return {
      read: (offset, count) => document.read(offset, count),
      write: (offset, data) => document.write(offset, data),
      truncate: (size) => document.truncate(size),
      stage: (request) => document.stage(request),
      publish: (request) => (document.touched ? this.#publish(() => document.publish(request)) : undefined),
      discard: () => document.discard(),
    };
  }

  /** One after the other, in the order of the closes: an appender reads what is there and must be the next to write. */
  #publish(act: () => Awaitable<unknown>): Awaitable<void> {
    return this.#settle(this.#settling ? this.#settling.then(act, act) : act());
  }

  #settle(published: Awaitable<unknown>): Awaitable<void> {
    if (!(published instanceof Promise)) {
      this.stamp.touch();
      return;
    }
    const settled = published.finally(() => {
      if (this.#settling === settled) this.#settling = undefined;
      this.stamp.touch();
    });
    this.#settling = settled;
    return settled.then(() => undefined);
  }

  /** The present content; empty where there is none. */
  content(request: Request): Awaitable<Uint8Array> {
    const load = (): Awaitable<Uint8Array> => soon(this.#document.load(request), (content) => content ?? nothing);
    // Whoever closed hears of a failure; who reads wants what is there then.
    return this.#settling ? this.#settling.then(load, load) : load();
  }

  /** A whole document at once: what a rename of a scratch file over this value does. EFBIG. */
  replace(content: Uint8Array, request: Request): Awaitable<void> {
    const { limit } = this.#document;
    if (content.length > limit) throw new Errno('EFBIG', `larger than ${limit} bytes`);
    return soon(this.#document.stage(content, request), (staged) => this.#publish(() => staged.publish(request)));
  }
}

const nothing: Uint8Array = new Uint8Array(0);
