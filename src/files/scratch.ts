import { Errno } from '../kernel/errno.ts';
import { O_APPEND, O_TRUNC, S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Changed, Entry, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

const LIMIT = 1024 * 1024;
const LIFE = 10 * 60_000;
/** Over all directories of a server. */
const MOST = 256;

/** What vim, sed, rsync, gio, emacs and copy tools write beside the file they mean. */
const patterns = [
  /^\..*\.sw[a-z]x?$/,
  /^4913$/,
  /^sed[A-Za-z0-9]{6}$/,
  /^\..+\.[A-Za-z0-9]{6}$/,
  /^\.goutputstream-/,
  /^\.#/,
  /^#.*#$/,
  /~$/,
  /\.tmp$/,
  /\.part$/,
];

/** Would a tool write such a name beside the file it means? */
export const isScratch = (name: string): boolean => patterns.some((pattern) => pattern.test(name));

/** In memory, listed only for the session that made it, without any effect until it is renamed to a proper name. */
export class ScratchFile implements File {
  readonly kind = 'file';
  readonly session: number;
  readonly #stamp: Stamp;
  readonly #world: World;
  touched: number;
  content: Buffer = Buffer.alloc(0);

  constructor(world: World, session: number) {
    this.#world = world;
    this.#stamp = new Stamp(world);
    this.session = session;
    this.touched = world.now();
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o644, this.content.length);
  }

  setattr(changed: Changed): void {
    if (changed.size !== undefined) this.#resize(changed.size);
  }

  open(flags: number): Handle {
    if (flags & O_TRUNC) this.#resize(0);
    return {
      read: (offset, count) => this.content.subarray(offset, offset + count),
      write: (given, data) => {
        const offset = flags & O_APPEND ? this.content.length : given;
        this.#resize(Math.max(this.content.length, offset + data.length));
        this.content.set(data, offset);
        return data.length;
      },
      truncate: (size) => this.#resize(size),
    };
  }

  #resize(size: number): void {
    if (size > LIMIT) throw new Errno('EFBIG', `a scratch file holds at most ${LIMIT} bytes`);
    this.content = Buffer.concat([this.content.subarray(0, size)], size);
    this.touched = this.#world.now();
    this.#stamp.touch();
  }
}

/** All of a server's, with what takes each out of its directory. */
const everything = new WeakMap<World, Map<ScratchFile, () => void>>();

/** The scratch files of one directory. */
export class Scratch {
  readonly #world: World;
  readonly #files = new Map<string, ScratchFile>();
  readonly #all: Map<ScratchFile, () => void>;

  constructor(world: World) {
    this.#world = world;
    this.#all = everything.get(world) ?? new Map<ScratchFile, () => void>();
    everything.set(world, this.#all);
  }

  find(name: string): ScratchFile | undefined {
    const file = this.#files.get(name);
    if (!file || this.#world.now() - file.touched < LIFE) return file;
    this.delete(name);
    return undefined;
  }

  create(name: string, flags: number, request: Request): { node: ScratchFile; handle: Handle } {
    this.#expire();
    const node = new ScratchFile(this.#world, request.session);
    this.set(name, node);
    return { node, handle: node.open(flags) };
  }

  set(name: string, file: ScratchFile): void {
    this.delete(name);
    this.#files.set(name, file);
    this.#all.set(file, () => this.#files.delete(name));
  }

  delete(name: string): void {
    const file = this.#files.get(name);
    if (file) this.#all.delete(file);
    this.#files.delete(name);
  }

  *list(request: Request): Iterable<Entry> {
    for (const [name, file] of this.#files) {
      if (file.session === request.session && this.find(name)) yield { name, qid: file.qid, mode: S_IFREG };
    }
  }

  #expire(): void {
    const now = this.#world.now();
    for (const [file, forget] of this.#all) {
      if (now - file.touched < LIFE) continue;
      this.#all.delete(file);
      forget();
    }
    if (this.#all.size >= MOST) throw new Errno('ENOSPC', `more than ${MOST} scratch files`);
  }
}
