import { Errno } from '../kernel/errno.ts';
import { O_TRUNC, S_IFDIR, S_IFREG, writes } from '../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, File, Handle, Node } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { DocumentHandle, type Staged } from './document.ts';
import { isScratch, Scratch } from './scratch.ts';
import { entriesOf, Stamp } from './stamp.ts';
import type { World } from './world.ts';

/** One entry: what waits, or what was taken a moment ago and may still be looked at by the tool that wrote it. */
export interface Item {
  readonly size: number;
  /** Milliseconds of when it was made. */
  readonly at: number;
  content(): Awaitable<Uint8Array>;
}

/** What stands behind a queue directory. */
export interface QueueSource {
  readonly limit: number;
  /** Names that wait, in order. */
  pending(): Iterable<string>;
  /** Waiting, or taken less than a minute ago. */
  find(name: string): Item | undefined;
  /** Validates the name and the whole content and makes them durable; publishing enqueues. */
  stage(name: string, content: Uint8Array, request: Request): Awaitable<Staged>;
  /** Takes a waiting entry away. ENOENT. */
  discard(name: string, request: Request): Awaitable<void>;
}

/** Entries in order: closing a new name with something written enqueues it, and an entry goes when it is taken. */
export class Queue implements Dir {
  readonly kind = 'dir';
  readonly stamp: Stamp;
  readonly #world: World;
  readonly #source: QueueSource;
  readonly #files = new Map<string, QueueFile>();
  readonly #scratch: Scratch;
  /** Names that are part of the directory and no entries: `new`. */
  readonly #fixed: ReadonlyMap<string, Node>;
  #many = 64;

  constructor(world: World, source: QueueSource, fixed: Readonly<Record<string, Node>> = {}) {
    this.#world = world;
    this.#source = source;
    this.#fixed = new Map(Object.entries(fixed));
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
    return this.#fixed.get(name) ?? this.#entry(name) ?? this.#scratch.find(name);
  }

  #entry(name: string): QueueFile | undefined {
    const known = this.#files.get(name);
    if (this.#source.find(name)) return known ?? this.#keep(name);
    if (known?.draft) return known;
    this.#files.delete(name);
    return undefined;
  }

  #keep(name: string): QueueFile {
    this.#forget();
    const file = new QueueFile(this.#world, () => this.#source.find(name));
    this.#files.set(name, file);
    return file;
  }

  /** Entries come and go by themselves: the files of those that went go, each time there are twice as many as were left. */
  #forget(): void {
    if (this.#files.size < this.#many) return;
    for (const [name, file] of this.#files) if (!file.draft && !this.#source.find(name)) this.#files.delete(name);
    this.#many = Math.max(64, this.#files.size * 2);
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    const lines: { name: string; mode: number; node: Node }[] = [];
    for (const [name, node] of this.#fixed) lines.push({ name, mode: S_IFREG, node });
    for (const name of this.#source.pending()) {
      const node = this.#entry(name);
      if (node) lines.push({ name, mode: S_IFREG, node });
    }
    return soon(entriesOf(lines, request), (entries) => [...entries, ...this.#scratch.list(request)]);
  }

  create(name: string, _flags: number, _mode: number, request: Request): { node: File; handle: Handle } {
    if (isScratch(name)) return this.#scratch.create(name, request);
    const node = this.#keep(name);
    const { limit } = this.#source;
    const stage = (content: Uint8Array, by: Request): Awaitable<Staged> => this.#source.stage(name, content, by);
    const document = new DocumentHandle({ limit, stage, load: () => undefined }, O_TRUNC, undefined);
    node.draft = document;
    const handle: Handle = {
      read: (offset, count) => document.read(offset, count),
      write: (offset, data) => document.write(offset, data),
      truncate: (size) => document.truncate(size),
      stage: (by) => document.stage(by),
      // With nothing written the name goes away.
      publish: (by) => (document.written ? soon(document.publish(by), () => this.stamp.touch()) : undefined),
      close: () => {
        node.draft = undefined;
        if (!this.#source.find(name)) this.#files.delete(name);
      },
    };
    return { node, handle };
  }

  remove(name: string, _directory: boolean, request: Request): Awaitable<void> {
    if (this.#fixed.has(name)) throw new Errno('EPERM', `${name} is part of this directory and cannot be removed`);
    if (this.#scratch.find(name)) {
      this.#scratch.delete(name);
      return;
    }
    return soon(this.#source.discard(name, request), () => {
      this.#files.delete(name);
      this.stamp.touch();
    });
  }

  /** A draft under a proper name is enqueued. What waits already keeps its name. */
  rename(name: string, _to: Dir, newName: string, _flags: number, request: Request): Awaitable<void> {
    const draft = this.#scratch.find(name);
    if (!draft) throw new Errno('EPERM', `${name} waits already and cannot be renamed`);
    if (isScratch(newName)) {
      this.#scratch.delete(name);
      this.#scratch.set(newName, draft);
      return;
    }
    if (this.#fixed.has(newName)) throw new Errno('EEXIST', `${newName} is part of this directory`);
    if (draft.content.length === 0) throw new Errno('EINVAL', 'an empty draft');
    return soon(this.#source.stage(newName, draft.content, request), (staged) =>
      soon(staged.publish(request), () => {
        this.#scratch.delete(name);
        this.stamp.touch();
      }),
    );
  }
}

/** One entry of a queue: the draft while it is written, then what waits. */
class QueueFile implements File {
  readonly kind = 'file';
  readonly #stamp: Stamp;
  readonly #item: () => Item | undefined;
  #last: Item | undefined;
  draft: DocumentHandle | undefined;

  constructor(world: World, item: () => Item | undefined) {
    this.#stamp = new Stamp(world);
    this.#item = item;
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    if (this.draft) return this.#stamp.attributes(S_IFREG | 0o644, this.draft.content.length);
    const item = this.#item();
    if (item) {
      if (item.at !== this.#last?.at || item.size !== this.#last.size) this.#stamp.touch(item.at);
      this.#last = item;
    }
    return this.#stamp.attributes(S_IFREG | 0o644, this.#last?.size ?? 0);
  }

  open(flags: number): Awaitable<Handle> {
    if (writes(flags)) throw new Errno('EPERM', 'what was enqueued does not change; discard it with rm');
    const draft = this.draft;
    if (draft) return { read: (offset, count) => draft.read(offset, count) };
    const item = this.#item() ?? this.#last;
    if (!item) throw new Errno('ENOENT', 'it was taken');
    return soon(item.content(), (content) => ({
      read: (offset: number, count: number) => content.subarray(offset, offset + count),
    }));
  }
}
