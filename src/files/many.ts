import { Errno } from '../kernel/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, Node } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import type { Access } from '../kernel/subject.ts';
import { entriesOf, Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** Nodes of one sort that come and go by themselves. */
export interface ManySource {
  /** Those that are listed, in order. */
  names(): Iterable<string>;
  /** Listed or not. */
  has(name: string): boolean;
  /** Asked once a name that is there. */
  make(name: string): Node;
  mkdir?(name: string, request: Request): Awaitable<void>;
  /** ENOENT, EBUSY... */
  remove?(name: string, directory: boolean, request: Request): Awaitable<void>;
}

/** A directory of such nodes, after what is fixed in it. */
export class Many implements Dir {
  readonly kind = 'dir';
  readonly #source: ManySource;
  readonly #fixed: ReadonlyMap<string, Node>;
  readonly #nodes = new Map<string, Node>();
  readonly #stamp: Stamp;
  #many = 64;
  readonly access: (name: string) => Access | undefined;

  /** `access`: of what is fixed. */
  constructor(
    world: World,
    source: ManySource,
    fixed: Readonly<Record<string, Node>> = {},
    access: (name: string) => Access | undefined = () => undefined,
  ) {
    this.access = access;
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
    return this.#fixed.get(name) ?? this.#node(name);
  }

  #node(name: string): Node | undefined {
    if (!this.#source.has(name)) {
      this.#nodes.delete(name);
      return undefined;
    }
    const known = this.#nodes.get(name);
    if (known && known.gone !== true) return known;
    this.#forget();
    const made = this.#source.make(name);
    this.#nodes.set(name, made);
    return made;
  }

  /** Those that went, each time there are twice as many as were left the last time. */
  #forget(): void {
    if (this.#nodes.size < this.#many) return;
    for (const name of this.#nodes.keys()) if (!this.#source.has(name)) this.#nodes.delete(name);
    this.#many = Math.max(64, this.#nodes.size * 2);
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    const lines: { name: string; mode: number; node: Node }[] = [];
    for (const [name, node] of this.#fixed) lines.push({ name, mode: TYPES[node.kind], node });
    for (const name of this.#source.names()) {
      const node = this.#node(name);
      if (node) lines.push({ name, mode: TYPES[node.kind], node });
    }
    return entriesOf(lines, request);
  }

  mkdir(name: string, _mode: number, request: Request): Awaitable<Dir> {
    if (!this.#source.mkdir) throw new Errno('EPERM', `nothing can be made here: no ${name}`);
    return soon(this.#source.mkdir(name, request), () => this.#node(name) as Dir);
  }

  remove(name: string, directory: boolean, request: Request): Awaitable<void> {
    if (this.#fixed.has(name) || !this.#source.remove) throw new Errno('EPERM', `${name} cannot be removed`);
    return soon(this.#source.remove(name, directory, request), () => void this.#nodes.delete(name));
  }
}

const TYPES = { dir: S_IFDIR, file: S_IFREG, link: S_IFLNK } as const;
