import { Errno } from '../kernel/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, File, Handle, Node } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { bytesOf, entriesOf, Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** Many read-only documents that come and go by themselves. */
export interface ListingSource {
  /** In order, oldest first. */
  names(): Iterable<string>;
  has(name: string): boolean;
  /** Milliseconds of when it was made; undefined where that is not known. Asked once, at the first stat. */
  at(name: string): number | undefined;
  /** undefined: it went. */
  content(name: string): Awaitable<string | Uint8Array | undefined>;
  /** What lies under a name instead of a document, always the same for the same thing; absent or undefined: a document. */
  node?(name: string): File | undefined;
  /** Absent: none can be taken away. */
  remove?(name: string): Awaitable<void>;
}

/** A read-only directory of such documents, after the fixed files of its own. */
export class Listing implements Dir {
  readonly kind = 'dir';
  readonly #world: World;
  readonly #source: ListingSource;
  readonly #fixed: ReadonlyMap<string, Node>;
  readonly #documents = new Map<string, Document>();
  readonly #stamp: Stamp;
  #many = 64;

  constructor(world: World, source: ListingSource, fixed: Readonly<Record<string, Node>> = {}) {
    this.#world = world;
    this.#source = source;
    this.#fixed = new Map(Object.entries(fixed));
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFDIR | 0o755, 0);
  }

  lookup(name: string): Node | undefined {
    return this.#fixed.get(name) ?? this.#document(name);
  }

  #document(name: string): (File & { readonly qid?: number }) | undefined {
    const given = this.#source.node?.(name);
    if (given) return given;
    const known = this.#documents.get(name);
    if (!this.#source.has(name)) {
      this.#documents.delete(name);
      return undefined;
    }
    if (known) return known;
    this.#forget();
    const made = new Document(this.#world, name, this.#source);
    this.#documents.set(name, made);
    return made;
  }

  /** Those that went, each time there are twice as many as were left the last time: never far more than the source has. */
  #forget(): void {
    if (this.#documents.size < this.#many) return;
    for (const other of this.#documents.keys()) if (!this.#source.has(other)) this.#documents.delete(other);
    this.#many = Math.max(64, this.#documents.size * 2);
  }

  remove(name: string): Awaitable<void> {
    if (!this.#source.remove || !this.#source.has(name)) throw new Errno('EPERM', `${name} cannot be removed`);
    return this.#source.remove(name);
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    const lines: { name: string; mode: number; node: Node }[] = [];
    for (const [name, node] of this.#fixed) lines.push({ name, mode: TYPES[node.kind], node });
    for (const name of this.#source.names()) {
      const node = this.#document(name);
      if (node) lines.push({ name, mode: S_IFREG, node });
    }
    return entriesOf(lines, request);
  }
}

const TYPES = { dir: S_IFDIR, file: S_IFREG, link: S_IFLNK } as const;

class Document implements File {
  readonly kind = 'file';
  readonly #name: string;
  readonly #source: ListingSource;
  readonly #stamp: Stamp;
  #dated = false;

  constructor(world: World, name: string, source: ListingSource) {
    this.#name = name;
    this.#source = source;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Awaitable<Attributes> {
    return soon(this.#content(), (bytes) => {
      if (!this.#dated) {
        this.#dated = true;
        const at = this.#source.at(this.#name);
        if (at !== undefined) this.#stamp.touch(at);
      }
      return this.#stamp.attributes(S_IFREG | 0o444, bytes.length);
    });
  }

  open(): Awaitable<Handle> {
    return soon(this.#content(), (bytes) => ({
      read: (offset: number, count: number) => bytes.subarray(offset, offset + count),
    }));
  }

  #content(): Awaitable<Uint8Array> {
    return soon(this.#source.content(this.#name), (content) => {
      if (content === undefined) throw new Errno('ENOENT', `${this.#name} is no longer kept`);
      return bytesOf(content);
    });
  }
}
