import { Errno } from '../kernel/errno.ts';
import { O_TRUNC, S_IFDIR, S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, File, Handle, Node } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { copy } from './dir.ts';
import { DocumentHandle, type Document, type Staged } from './document.ts';
import { isScratch, Scratch } from './scratch.ts';
import { Stamp } from './stamp.ts';
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

/** A directory of values, and of such directories as deep as the source allows. */
export class Values implements Dir {
  readonly kind = 'dir';
  readonly cached = true;
  readonly stamp: Stamp;
  readonly #world: World;
  readonly #source: ValuesSource;
  readonly #path: string;
  readonly #nodes = new Map<string, Value | Values>();
  /** Opened for the first time and not yet published. */
  readonly #drafts = new Map<string, Value>();
  readonly #scratch: Scratch;

  constructor(world: World, source: ValuesSource, path = '') {
    this.#world = world;
    this.#source = source;
    this.#path = path;
    this.#scratch = new Scratch(world);
    this.stamp = new Stamp(world);
  }

  get qid(): number {
    return this.stamp.qid;
  }

  stat(): Attributes {
    return this.stamp.attributes(S_IFDIR | 0o755, 0);
  }

  lookup(name: string): Node | undefined {
    const found = this.#source.find(this.#at(name));
    if (!found) {
      this.#nodes.delete(name);
      return this.#drafts.get(name) ?? this.#scratch.find(name);
    }
    const known = this.#nodes.get(name) ?? this.#drafts.get(name);
    if (known && (known.kind === 'dir') === found.directory) return known;
    const made = found.directory ? new Values(this.#world, this.#source, this.#at(name)) : this.#value(name);
    if (made instanceof Value) made.stamp.touch(found.changed);
    this.#nodes.set(name, made);
    return made;
  }

  *list(request: Request): Iterable<Entry> {
    for (const { name, directory } of this.#source.list(this.#path)) {
      const node = this.lookup(name) as Value | Values | undefined;
      if (node) yield { name, qid: node.stamp.qid, mode: directory ? S_IFDIR : S_IFREG };
    }
    yield* this.#scratch.list(request);
  }

  create(name: string, flags: number, _mode: number, request: Request): { node: File; handle: Handle } {
    if (!this.#accepts(name)) return this.#scratch.create(name, request);
    const node = this.#value(name);
    const document = new DocumentHandle(this.#document(name), flags | O_TRUNC, undefined);
    this.#drafts.set(name, node);
    const handle: Handle = {
      read: (offset, count) => document.read(offset, count),
      write: (offset, data) => document.write(offset, data),
      truncate: (size) => document.truncate(size),
      stage: (by) => document.stage(by),
      publish: (by) => document.publish(by),
      close: () => {
        this.#drafts.delete(name);
        if (this.#source.find(this.#at(name))) this.#nodes.set(name, node);
        this.#world.changes.entry(this.stamp.qid, name);
      },
    };
    return { node, handle };
  }

  mkdir(name: string, _mode: number, request: Request): Awaitable<Dir> {
    if (!this.#accepts(name)) throw new Errno('EINVAL', `not a name for a directory here: ${name}`);
    return soon(this.#source.mkdir(this.#at(name), request), () => {
      this.#changed(name);
      return this.lookup(name) as Values;
    });
  }

  remove(name: string, directory: boolean, request: Request): Awaitable<void> {
    if (this.#scratch.find(name)) {
      this.#scratch.delete(name);
      return;
    }
    return soon(this.#source.remove(this.#at(name), directory, request), () => {
      this.#nodes.delete(name);
      this.#changed(name);
    });
  }

  rename(name: string, _to: Dir, newName: string, _flags: number, request: Request): Awaitable<void> {
    const draft = this.#scratch.find(name);
    if (draft) {
      if (!this.#accepts(newName)) {
        this.#scratch.delete(name);
        this.#scratch.set(newName, draft);
        return;
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
      return copy(source, newName, this.#scratch, request);
    }
    return soon(this.#source.rename(this.#at(name), this.#at(newName), request), () => {
      this.#nodes.delete(name);
      this.#nodes.delete(newName);
      this.#changed(name);
      this.#changed(newName);
    });
  }

  /** The source says that a value changed or went, by whatever way. */
  changed(name: string): void {
    const node = this.#nodes.get(name) ?? this.#drafts.get(name);
    if (node instanceof Value) node.stamp.touch();
    this.#changed(name);
  }

  /** The directory of values at a path below, if it was ever looked at. */
  below(names: readonly string[]): Values | undefined {
    const [name, ...rest] = names;
    if (name === undefined) return this;
    const node = this.#nodes.get(name);
    return node instanceof Values ? node.below(rest) : undefined;
  }

  #changed(name: string): void {
    this.stamp.touch();
    this.#world.changes.entry(this.stamp.qid, name);
  }

  #accepts(name: string): boolean {
    return !isScratch(name) && this.#source.accepts(name);
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}/${name}`;
  }

  #document(name: string): Document {
    const path = this.#at(name);
    return {
      limit: this.#source.limit,
      load: () => this.#source.load(path),
      stage: (content, request) =>
        soon(this.#source.stage(path, content, request), (staged) => ({
          publish: (by: Request) =>
            soon(staged.publish(by), (made) => {
              this.changed(name);
              return made;
            }),
          drop: () => staged.drop(),
        })),
    };
  }

  #value(name: string): Value {
    return new Value(this.#world, this.#document(name));
  }
}
