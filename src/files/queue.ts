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
  /** EINVAL, with the reason, for what cannot name an entry: the open says so. */
  check?(name: string): void;
  /** ENOSPC where one more entry would be too many: the first write says so, because shells do not show what a close says. */
  room?(name: string): void;
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
    const item = (): Item | undefined => this.#source.find(name);
    const write = (flags: number, base: Uint8Array | undefined): Handle =>
      this.#writer(name, this.#draft(name, flags, base));
    const file = new QueueFile(this.#world, item, write);
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

  create(name: string, flags: number, _mode: number, request: Request): { node: File; handle: Handle } {
    if (isScratch(name)) return this.#scratch.create(name, flags, request);
    this.#source.check?.(name);
    const node = this.#keep(name);
    const draft = this.#draft(name, flags, undefined);
    node.draft = draft;
    const handle: Handle = {
      ...this.#writer(name, draft),
      close: () => {
        if (node.draft === draft) node.draft = undefined;
        if (!this.#source.find(name)) this.#files.delete(name);
      },
    };
    return { node, handle };
  }

  /** A name is a key: written again with the same content it is the same message, the source says EEXIST to any other. */
  #draft(name: string, flags: number, base: Uint8Array | undefined): DocumentHandle {
    const stage = (content: Uint8Array, by: Request): Awaitable<Staged> => this.#source.stage(name, content, by);
    const document = { limit: this.#source.limit, stage, load: () => base };
    return new DocumentHandle(document, base === undefined ? flags | O_TRUNC : flags, base);
  }

  #writer(name: string, draft: DocumentHandle): Handle {
    return {
      read: (offset, count) => draft.read(offset, count),
      write: (offset, data) => {
        if (!draft.written) this.#source.room?.(name);
        return draft.write(offset, data);
      },
      truncate: (size) => draft.truncate(size),
      stage: (by) => draft.stage(by),
      // With nothing written the name goes away.
      publish: (by) => (draft.written ? soon(draft.publish(by), () => this.stamp.touch()) : undefined),
      discard: () => draft.discard(),
    };
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
    const { limit } = this.#source;
    if (draft.content.length > limit) throw new Errno('EFBIG', `larger than ${limit} bytes`);
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
  readonly #write: (flags: number, base: Uint8Array | undefined) => Handle;
  #last: Item | undefined;
  draft: DocumentHandle | undefined;

  constructor(
    world: World,
    item: () => Item | undefined,
    write: (flags: number, base: Uint8Array | undefined) => Handle,
  ) {
    this.#stamp = new Stamp(world);
    this.#item = item;
    this.#write = write;
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
    const draft = this.draft;
    if (draft && !writes(flags)) return { read: (offset, count) => draft.read(offset, count) };
    if (draft || flags & O_TRUNC) return this.#write(flags, undefined);
    const item = this.#item() ?? this.#last;
    if (!item) throw new Errno('ENOENT', 'it was taken');
    return soon(item.content(), (content): Handle => {
      if (writes(flags)) return this.#write(flags, content);
      return { read: (offset, count) => content.subarray(offset, offset + count) };
    });
  }
}
