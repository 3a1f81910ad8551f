import { S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { bytesOf, Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** An open this long after a stat shows what the stat measured, so that readers that trust the size get it all. */
const AGREES = 1000;
/** Clients whose last look is remembered. */
const MOST = 32;

export interface TextOptions {
  /** The content never changes, or every change is told by `changed()`: stat may be cached. */
  fixed?: boolean;
  /** Bytes of the content, where they are always as many: stat says so without rendering it. */
  size?: number;
}

/** Read-only, rendered: the size of stat is real, and an open sees one snapshot whatever happens meanwhile. */
export class Text implements File {
  readonly kind = 'file';
  readonly cached: boolean;
  readonly #world: World;
  readonly #render: (request: Request) => Awaitable<string | Uint8Array>;
  readonly #stamp: Stamp;
  readonly #size: number | undefined;
  /** What each client saw last, by session; a fixed text has one for all. */
  readonly #shown = new Map<number, { at: number; acted: number; bytes: Uint8Array }>();
  #last: Uint8Array | undefined;

  constructor(world: World, render: (request: Request) => Awaitable<string | Uint8Array>, options: TextOptions = {}) {
    this.#world = world;
    this.#render = render;
    this.#stamp = new Stamp(world);
    this.cached = options.fixed ?? false;
    this.#size = options.size;
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  /** The content changed: caches ask again. */
  changed(): void {
    this.#shown.clear();
    this.#stamp.touch();
  }

  stat(request: Request): Awaitable<Attributes> {
    if (this.#size !== undefined) return this.#stamp.attributes(S_IFREG | 0o444, this.#size);
    const kept = this.#kept(request);
    if (kept) return this.#attributes(kept);
    return soon(this.#fresh(request), (bytes) => this.#attributes(bytes));
  }

  open(_flags: number, request: Request): Awaitable<Handle> {
    const kept = this.#kept(request);
    return kept ? handleOf(kept) : soon(this.#fresh(request), handleOf);
  }

  #attributes(bytes: Uint8Array): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o444, bytes.length);
  }

  /** What a client changed itself it must see at once, so that its own changes end the agreement. */
  #kept({ session, acted }: Request): Uint8Array | undefined {
    const shown = this.#shown.get(this.cached ? 0 : session);
    if (!shown || this.cached) return shown?.bytes;
    return shown.acted === acted && this.#world.now() - shown.at < AGREES ? shown.bytes : undefined;
  }

  #fresh(request: Request): Awaitable<Uint8Array> {
    return soon(this.#render(request), (content) => {
      const bytes = bytesOf(content);
      if (!this.cached && this.#last && Buffer.compare(this.#last, bytes) !== 0) this.#stamp.touch();
      this.#last = bytes;
      const session = this.cached ? 0 : request.session;
      this.#shown.delete(session);
      this.#shown.set(session, { at: this.#world.now(), acted: request.acted, bytes });
      if (this.#shown.size > MOST) this.#shown.delete(this.#shown.keys().next().value!);
      return bytes;
    });
  }
}

const handleOf = (bytes: Uint8Array): Handle => ({
  read: (offset, count) => bytes.subarray(offset, offset + count),
});
