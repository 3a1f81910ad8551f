import { Errno } from '../kernel/errno.ts';
import { S_IFDIR, S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, File, Handle, Node } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { copy } from './dir.ts';
import type { Document, Staged } from './document.ts';
import { isScratch, Scratch } from './scratch.ts';
import { entriesOf, Stamp } from './stamp.ts';
import { Value } from './value.ts';
import type { World } from './world.ts';

/** A tree of documents with names that the user gives. Paths are relative, names joined by '/'; '' is the top. */
export interface ValuesSource {
  readonly limit: number;
  /** Is the name in this directory's grammar? Another name is scratch. */
  accepts(name: string): boolean;
  list(path: string): Iterable<{ name: string; directory: boolean }>;
  /** undefined: nothing there. */
  find(path: string): { directory: boolean; changed: number } | undefined;
  load(path: string): Awaitable<Uint8Array | undefined>;
  stage(path: string, content: Uint8Array, request: Request): Awaitable<Staged>;
  mkdir(path: string, request: Request): Awaitable<void>;
  /** ENOENT, ENOTEMPTY. */
  remove(path: string, directory: boolean, request: Request): Awaitable<void>;
  rename(path: string, newPath: string, request: Request): Awaitable<void>;
}

/** A child and the name it has now: a rename moves it, with its inode number and what is open on it. */
interface Child {
  readonly node: Value | Values;
  name: string;
  removed: boolean;
}

/** A directory of values, and of such directories as deep as the source allows. */
export class Values implements Dir {
  readonly kind = 'dir';
  readonly cached = true;
  readonly stamp: Stamp;
  readonly #world: World;
  readonly #source: ValuesSource;
  readonly #path: () => string;
  readonly #children = new Map<string, Child>();
  /** Opened for the first time and not yet published. */
  readonly #drafts = new Map<string, Child>();
  readonly #scratch: Scratch;
  /** Files that are part of the directory and no values. */
  readonly #fixed: ReadonlyMap<string, Node>;

  constructor(
    world: World,
    source: ValuesSource,
    path: () => string = () => '',
    fixed: Readonly<Record<string, Node>> = {},
  ) {
    this.#world = world;
    this.#source = source;
    this.#path = path;
    this.#scratch = new Scratch(world);
    this.#fixed = new Map(Object.entries(fixed));
    this.stamp = new Stamp(world);
  }

  get qid(): number {
    return this.stamp.qid;
  }

  stat(): Attributes {
    return this.stamp.attributes(S_IFDIR | 0o755, 0);
  }

  lookup(name: string): Node | undefined {
    return this.#fixed.get(name) ?? this.#child(name)?.node ?? this.#drafts.get(name)?.node ?? this.#scratch.find(name);
  }

  #child(name: string): Child | undefined {
    const found = this.#source.find(this.#at(name));
    if (!found) {
      this.#children.delete(name);
      return undefined;
    }
    const known = this.#children.get(name) ?? this.#drafts.get(name);
    if (known && (known.node.kind === 'dir') === found.directory) return known;
    const made = found.directory ? this.#directory(name) : this.#value(name);
    if (made.node instanceof Value) made.node.stamp.touch(found.changed);
    this.#children.set(name, made);
    return made;
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    if (this.#fixed.size === 0) return this.#entries(request);
    const lines = Array.from(this.#fixed, ([name, node]) => ({ name, mode: S_IFREG, node }));
    return soon(entriesOf(lines, request), (entries) => [...entries, ...this.#entries(request)]);
  }

  *#entries(request: Request): Iterable<Entry> {
    for (const { name, directory } of this.#source.list(this.#path())) {
      const node = this.#child(name)?.node;
      if (node) yield { name, qid: node.qid, mode: directory ? S_IFDIR : S_IFREG };
    }
    yield* this.#scratch.list(request);
  }

  create(name: string, flags: number, _mode: number, request: Request): { node: File; handle: Handle } {
    if (!this.#accepts(name)) return this.#scratch.create(name, flags, request);
    const child = this.#value(name);
    const node = child.node as Value;
    this.#drafts.set(name, child);
    const handle: Handle = {
      ...node.create(flags),
      close: () => {
        this.#drafts.delete(name);
        if (this.#source.find(this.#at(name))) this.#children.set(name, child);
        this.#world.changes.entry(this.stamp.qid, name);
      },
    };
    return { node, handle };
  }

  mkdir(name: string, _mode: number, request: Request): Awaitable<Dir> {
    this.#assertFree(name);
    if (!this.#accepts(name)) throw new Errno('EINVAL', `not a name for a directory here: ${name}`);
    return soon(this.#source.mkdir(this.#at(name), request), () => {
      this.#changed(name);
      return this.lookup(name) as Values;
    });
  }

  remove(name: string, directory: boolean, request: Request): Awaitable<void> {
    if (this.#fixed.has(name)) throw new Errno('EPERM', `${name} is part of this directory and cannot be removed`);
    if (this.#scratch.find(name)) {
      this.#scratch.delete(name);
      return;
    }
    return soon(this.#source.remove(this.#at(name), directory, request), () => {
      this.#forget(name);
      this.#changed(name);
    });
  }

  /** What is open on a removed value does not bring it back. */
  #forget(name: string): void {
    const child = this.#children.get(name);
    if (child) child.removed = true;
    this.#children.delete(name);
  }

  rename(name: string, _to: Dir, newName: string, _flags: number, request: Request): Awaitable<void> {
    if (this.#fixed.has(name)) throw new Errno('EPERM', `${name} is part of this directory and cannot be renamed`);
    this.#assertFree(newName);
    const draft = this.#scratch.find(name);
    if (draft) {
      if (!this.#accepts(newName)) {
        this.#scratch.delete(name);
        this.#scratch.set(newName, draft);
        return;
      }
      if (draft.content.length > this.#source.limit) {
        throw new Errno('EFBIG', `larger than ${this.#source.limit} bytes`);
      }
      return soon(this.#source.stage(this.#at(newName), draft.content, request), (staged) =>
        soon(staged.publish(request), () => {
          this.#scratch.delete(name);
          this.changed(newName);
          this.#changed(name);
        }),
      );
    }
    if (!this.#accepts(newName)) {
      const source = this.lookup(name);
      if (!(source instanceof Value)) throw new Errno('EINVAL', `not a name for a directory here: ${newName}`);
      const moved = (): void => this.#world.changes.entry(this.stamp.qid, newName);
      return copy(source, newName, this.#scratch, request, moved);
    }
    return soon(this.#source.rename(this.#at(name), this.#at(newName), request), () => {
      const child = this.#children.get(name);
      this.#children.delete(name);
      this.#forget(newName);
      if (child) {
        child.name = newName;
        this.#children.set(newName, child);
      }
      this.#changed(name);
      this.#changed(newName);
    });
  }

  /** The source says that a value changed or went, by whatever way. */
  changed(name: string): void {
    const child = this.#children.get(name) ?? this.#drafts.get(name);
    if (child?.node instanceof Value) child.node.stamp.touch();
    this.#changed(name);
  }

  /** The directory of values at a path below, if it was ever looked at. */
  below(names: readonly string[]): Values | undefined {
    const [name, ...rest] = names;
    if (name === undefined) return this;
    const node = this.#children.get(name)?.node;
    return node instanceof Values ? node.below(rest) : undefined;
  }

  #changed(name: string): void {
    this.stamp.touch();
    this.#world.changes.entry(this.stamp.qid, name);
  }

  #assertFree(name: string): void {
    if (this.#fixed.has(name)) throw new Errno('EEXIST', `${name} is part of this directory`);
  }

  #accepts(name: string): boolean {
    return !isScratch(name) && this.#source.accepts(name);
  }

  #at(name: string): string {
    const path = this.#path();
    return path === '' ? name : `${path}/${name}`;
  }

  #document(child: Omit<Child, 'node'>): Document {
    const path = (): string => this.#at(child.name);
    return {
      limit: this.#source.limit,
      load: () => this.#source.load(path()),
      stage: (content, request) => {
        if (child.removed) throw new Errno('ESTALE', `${child.name} was removed`);
        return soon(this.#source.stage(path(), content, request), (staged) => ({
          publish: (by: Request) =>
            soon(staged.publish(by), (made) => {
              this.changed(child.name);
              return made;
            }),
          drop: () => staged.drop(),
        }));
      },
    };
  }

  #value(name: string): Child {
    const where = { name, removed: false };
    return Object.assign(where, { node: new Value(this.#world, this.#document(where)) });
  }

  #directory(name: string): Child {
    const where = { name, removed: false };
    const path = (): string => this.#at(where.name);
    return Object.assign(where, { node: new Values(this.#world, this.#source, path) });
  }
}
