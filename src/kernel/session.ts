import type { Changes } from './changes.ts';
import { Errno } from './errno.ts';
import { drop, hold, type Fid, type Open } from './fid.ts';
import * as mode from './mode.ts';
import { checkName } from './name.ts';
import type { Namespace } from './namespace.ts';
import {
  POLLHUP,
  POLLIN,
  POLLOUT,
  type Attributes,
  type Awaitable,
  type Changed,
  type Entry,
  type File,
  type Handle,
  type Space,
} from './node.ts';
import { Place } from './place.ts';
import { Places } from './places.ts';
import { Request } from './request.ts';
import { soon } from './soon.ts';
import type { Subject } from './subject.ts';
import { Truncations } from './truncations.ts';

export interface SessionOptions {
  namespace: Namespace;
  subject: Subject;
  changes: Changes;
  /** False for 9P2000, which has none: links are followed and never shown. */
  links?: boolean;
  /** How many fids one client may hold; EMFILE past it. */
  maxFids?: number;
  /** Milliseconds that only grow; the monotonic clock where the composition gives no other. */
  now?: () => number;
}

/** What an open gives an exporter to answer with. */
export interface Opened {
  readonly attributes: Attributes;
  readonly style: 'direct' | 'stream' | 'paged';
  readonly directory: boolean;
  /** Whether `flush` does anything: an exporter need not carry it where it does not. */
  readonly stages: boolean;
}

/** renameat2(2). */
const RENAME_EXCHANGE = 2;

let sessions = 0;

/**
 * One client's conversation: 9P's verbs on numbered fids, and every legality check. Exporters turn bytes into these
 * calls and decide nothing; devices receive legal calls only. A verb answers at once where nothing has to be waited
 * for, else with a promise; it throws or rejects with Errno.
 */
export class Session {
  readonly id = ++sessions;
  readonly subject: Subject;
  readonly #namespace: Namespace;
  readonly #places: Places;
  readonly #links: boolean;
  readonly #maxFids: number;
  readonly #fids = new Map<number, Fid>();
  /** Reads that block, and where. */
  readonly #waiting = new Map<Request, Place>();
  /** Who wants to be woken, and where. */
  readonly #polled = new Map<Open, { place: Place; wake: () => void }>();
  /** Last closes that are under way. */
  readonly #closing = new Set<Promise<void>>();
  readonly #unsubscribe: () => void;
  readonly #truncations: Truncations;
  readonly #mounts = (): string => this.#namespace.toString();
  #closed = false;

  constructor(options: SessionOptions) {
    this.subject = options.subject;
    this.#namespace = options.namespace;
    this.#places = new Places(options.namespace);
    this.#unsubscribe = options.changes.subscribe({ attributes: () => undefined, entry: () => this.#cut() });
    this.#links = options.links ?? true;
    this.#maxFids = options.maxFids ?? 4096;
    this.#truncations = new Truncations(options.now ?? (() => performance.now()));
  }

  /** A fresh context for one protocol message; FUSE overrides the subject for foreign uids. */
  request(override: { subject?: Subject; uid?: number; gid?: number; groups?: () => readonly number[] } = {}): Request {
    // Spelt out: this is made for every message, and a spread and a closure cost more than the rest of a small one.
    return new Request(override.subject ?? this.subject, {
      mounts: this.#mounts,
      session: this.id,
      acted: this.#places.acted,
      uid: override.uid,
      gid: override.gid,
      groups: override.groups,
    });
  }

  get size(): number {
    return this.#fids.size;
  }

  has(fid: number): boolean {
    return this.#fids.has(fid);
  }

  /** The last name on the way to a fid, `/` for the root: 9P2000's stat carries it. */
  name(fid: number): string {
    const { place } = this.#fid(fid);
    return place.parent ? place.name : '/';
  }

  /** May an exporter keep the node's attributes and entry until `Changes` says otherwise? */
  cached(fid: number): boolean {
    return this.#fids.get(fid)?.place.node.cached ?? false;
  }

  /** Do two fids name one node? */
  same(fid: number, other: number): boolean {
    return this.#fids.get(fid)?.place.node === this.#fids.get(other)?.place.node;
  }

  /** Names the root. EBADF where the fid is in use. */
  attach(fid: number, request: Request): Awaitable<Attributes> {
    this.#free(fid);
    const place = this.#namespace.root;
    return soon(this.#places.stat(place, request), (attributes) => {
      this.#put(fid, place);
      return attributes;
    });
  }

  /**
   * 9P's walk: the attributes of each step. Where a later name does not exist the answer is shorter than `names` and
   * newFid is not made; where the first does not, ENOENT. Links on the way are followed, the last is not.
   */
  walk(fid: number, newFid: number, names: readonly string[], request: Request): Awaitable<Attributes[]> {
    const from = this.#fid(fid);
    if (newFid === fid) {
      if (from.open && names.length > 0) throw new Errno('EBADF', 'an open fid cannot walk');
    } else this.#free(newFid);
    if (names.length === 0) return this.#arrive(fid, newFid, from.place, []);
    if (names.length === 1 && this.#links && from.place.node.kind !== 'link') {
      return soon(this.#places.step(from.place, names[0]!, request), (place) =>
        soon(this.#places.stat(place, request), (attributes) => this.#arrive(fid, newFid, place, [attributes])),
      );
    }
    return this.#walkFar(fid, newFid, names, request);
  }

  async #walkFar(fid: number, newFid: number, names: readonly string[], request: Request): Promise<Attributes[]> {
    const passed: Attributes[] = [];
    let place = this.#fid(fid).place;
    for (const [index, name] of names.entries()) {
      try {
        if (place.node.kind === 'link') place = await this.#places.follow(place, request);
        place = await this.#places.step(place, name, request);
        if (!this.#links && place.node.kind === 'link') place = await this.#places.follow(place, request);
        passed.push(await this.#places.stat(place, request));
      } catch (error) {
        if (index === 0 || !(error instanceof Errno)) throw error;
        return passed;
      }
    }
    return this.#arrive(fid, newFid, place, passed);
  }

  #arrive(fid: number, newFid: number, place: Place, passed: Attributes[]): Attributes[] {
    if (newFid !== fid) {
      this.#free(newFid);
      this.#put(newFid, place);
    } else if (passed.length > 0) {
      const own = this.#fid(fid);
      hold(place.node);
      drop(own.place.node);
      own.place = place;
    }
    return passed;
  }

  /** Opens a file or a directory; flags are Linux's. Never blocks. EACCES, EISDIR, ENOTDIR, EBADF. */
  open(fid: number, flags: number, request: Request): Awaitable<Opened> {
    const own = this.#fid(fid);
    if (own.open) throw new Errno('EBADF', 'the fid is open');
    return this.#openAt(own, flags, request);
  }

  #openAt(own: Fid, flags: number, request: Request): Awaitable<Opened> {
    if (own.place.node.kind === 'link') {
      return soon(this.#places.follow(own.place, request), (place) => {
        hold(place.node);
        drop(own.place.node);
        own.place = place;
        return this.#open(own, flags, request);
      });
    }
    return this.#open(own, flags, request);
  }

  #open(own: Fid, flags: number, request: Request): Awaitable<Opened> {
    const { place } = own;
    const { node } = place;
    return soon(this.#places.stat(place, request), (attributes) => {
      if (node.kind === 'link') throw new Errno('ELOOP', `${place.path} is a link`);
      if (node.kind === 'dir') {
        if (mode.writes(flags) || flags & mode.O_TRUNC) throw new Errno('EISDIR', `${place.path} is a directory`);
        return soon(node.permit?.(mode.R_OK, request), () => {
          own.open = { flags, node, handle: undefined, entries: undefined };
          return { attributes, style: 'direct', directory: true, stages: false };
        });
      }
      if (flags & mode.O_DIRECTORY) throw new Errno('ENOTDIR', `${place.path} is not a directory`);
      const changes = mode.writes(flags) || (flags & mode.O_TRUNC) !== 0;
      if (changes) this.#places.permit(place, request);
      // What truncates does not append: an appender is not the open that a truncate just before was meant for.
      const meant = mode.writes(flags) && (flags & mode.O_APPEND) === 0 && this.#truncations.take(attributes.qid);
      const whole = meant ? flags | mode.O_TRUNC : flags;
      return soon(
        this.#places.attempt(place, 'open', changes, () => {
          if (!node.host) checkMode(place, attributes.mode, mode.reads(flags), changes);
          return node.open(whole, request);
        }),
        (handle) => this.#opened(own, whole, node, handle, attributes),
      );
    });
  }

  #opened(own: Fid, flags: number, node: File, handle: Handle, attributes: Attributes): Opened {
    const open: Open = { flags, node, handle, entries: undefined };
    own.open = open;
    if (mode.writes(flags) && !node.host) this.#truncations.add(attributes.qid, open);
    return { attributes, style: node.style ?? 'direct', directory: false, stages: handle.stage !== undefined };
  }

  /** Makes and opens a file; the directory's fid becomes the file's. An existing name is opened unless O_EXCL. */
  create(fid: number, name: string, flags: number, permissions: number, request: Request): Awaitable<Opened> {
    const own = this.#directory(fid);
    const { place } = own;
    if (own.open) throw new Errno('EBADF', 'the fid is open');
    checkName(name);
    return soon(this.#namespace.step(place, name, request), (found) => {
      if (found && found.right(request.subject) !== '-') {
        if (flags & mode.O_EXCL) throw new Errno('EEXIST', `${found.path} exists`);
        return this.#createdBefore(own, found, flags & ~mode.O_CREAT, request);
      }
      const directory = this.#places.writable(place, request);
      return soon(
        this.#places.attempt(new Place(directory, name, place), 'create', true, () => {
          if (!directory.create) throw new Errno('EPERM', `no new files in ${place.path}`);
          return directory.create(name, flags, permissions, request);
        }),
        ({ node, handle }) => {
          hold(node);
          drop(place.node);
          own.place = this.#namespace.made(node, name, place, directory);
          return soon(this.#places.stat(own.place, request), (attributes) =>
            this.#opened(own, flags, node, handle, attributes),
          );
        },
      );
    });
  }

  /** Opens what has the name already; where that fails the fid stays the directory's. */
  #createdBefore(own: Fid, found: Place, flags: number, request: Request): Awaitable<Opened> {
    const opening: Fid = { place: found, open: undefined };
    hold(found.node);
    const failed = (error: unknown): never => {
      drop(opening.place.node);
      throw error;
    };
    const opened = (result: Opened): Opened => {
      drop(own.place.node);
      Object.assign(own, opening);
      return result;
    };
    try {
      const result = this.#openAt(opening, flags, request);
      return result instanceof Promise ? result.then(opened, failed) : opened(result);
    } catch (error) {
      return failed(error);
    }
  }

  /** At most count bytes; empty is the end. May block until the request is aborted (EINTR). */
  read(fid: number, offset: number, count: number, request: Request): Awaitable<Uint8Array> {
    const { place } = this.#fid(fid);
    const open = this.#opening(fid);
    const { flags, handle } = open;
    if (!handle) throw new Errno('EISDIR', `${place.path} is a directory`);
    if (!mode.reads(flags)) throw new Errno('EBADF', 'not open for reading');
    checkSpan(offset, count);
    place.check();
    if (!handle.read) throw new Errno('EACCES', `${place.path} cannot be read`);
    const read = (): Awaitable<Uint8Array> => {
      const bytes = handle.read!(offset, count, request);
      return bytes instanceof Promise ? this.#while(request, open, place, bytes) : bytes;
    };
    if (!mode.writes(flags)) return read();
    // A descriptor that also writes may act now: a call is submitted, a new thing is made.
    this.#places.acted++;
    return this.#places.attempt(place, 'read', true, read);
  }

  /** Returns how many bytes were taken. Never waits for more than one store commit. */
  write(fid: number, offset: number, data: Uint8Array, request: Request): Awaitable<number> {
    const { place } = this.#fid(fid);
    const { flags, handle } = this.#opening(fid);
    if (!mode.writes(flags) || !handle) throw new Errno('EBADF', 'not open for writing');
    checkSpan(offset, data.length);
    place.check();
    if (data.length === 0) return 0;
    return this.#places.attempt(place, 'write', true, () => {
      if (!handle.write) throw new Errno('EACCES', `${place.path} cannot be written`);
      return handle.write(offset, data, request);
    });
  }

  /** The listing of an open directory with `.` and `..` first, taken at the first call and again at a rewind. */
  entries(fid: number, rewind: boolean, request: Request): Awaitable<readonly Entry[]> {
    const { place } = this.#fid(fid);
    const open = this.#opening(fid);
    if (open.node.kind !== 'dir') throw new Errno('ENOTDIR', `${place.path} is not a directory`);
    place.check();
    if (open.entries && !rewind) return open.entries;
    return soon(this.#places.list(place, this.#links, request), (entries) => {
      open.entries = entries;
      return entries;
    });
  }

  mkdir(fid: number, name: string, permissions: number, request: Request): Awaitable<Attributes> {
    return this.#places.make(this.#directory(fid).place, name, 'mkdir', request, (directory, place) => {
      if (!directory.mkdir) throw new Errno('EPERM', `no new directories in ${place.path}`);
      return directory.mkdir(name, permissions, request);
    });
  }

  mknod(fid: number, name: string, kind: number, rdev: number, request: Request): Awaitable<Attributes> {
    return this.#places.make(this.#directory(fid).place, name, 'mknod', request, (directory, place) => {
      if (!directory.mknod) throw new Errno('EPERM', `no special files in ${place.path}`);
      return directory.mknod(name, kind, rdev, request);
    });
  }

  symlink(fid: number, name: string, target: string, request: Request): Awaitable<Attributes> {
    return this.#places.make(this.#directory(fid).place, name, 'symlink', request, (directory, place) => {
      if (!directory.symlink) throw new Errno('EPERM', `no new links in ${place.path}`);
      return directory.symlink(name, target, request);
    });
  }

  /** link(2): another name for the node of targetFid, in the directory of fid. */
  link(fid: number, name: string, targetFid: number, request: Request): Awaitable<void> {
    const { node } = this.#fid(targetFid).place;
    const made = this.#places.make(this.#directory(fid).place, name, 'link', request, (directory, place) => {
      if (!directory.link || !node.host) throw new Errno('EPERM', `no hard links in ${place.path}`);
      return soon(directory.link(node, name, request), () => node);
    });
    return soon(made, () => undefined);
  }

  readlink(fid: number, request: Request): Awaitable<string> {
    const { place } = this.#fid(fid);
    if (place.node.kind !== 'link') throw new Errno('EINVAL', `${place.path} is not a link`);
    place.check();
    return place.node.target(request);
  }

  /** unlink(2), or rmdir(2) where `directory`. */
  unlink(fid: number, name: string, directory: boolean, request: Request): Awaitable<void> {
    return this.#places.unlink(this.#directory(fid).place, name, directory, request);
  }

  /** rename(2) with the flags of renameat2(2). Across directories that do not know each other: EXDEV or EPERM. */
  rename(fid: number, name: string, toFid: number, newName: string, flags: number, request: Request): Awaitable<void> {
    const { place } = this.#directory(fid);
    const { place: toPlace } = this.#directory(toFid);
    return soon(this.#places.rename(place, name, toPlace, newName, flags, request), (node) => {
      if ((flags & RENAME_EXCHANGE) === 0) this.#follows(node, newName);
    });
  }

  /** The paths of fids on a renamed node say its new name. */
  #follows(node: Place['node'], newName: string): void {
    if (node.host) return;
    for (const { place } of this.#fids.values()) {
      for (let at: Place | undefined = place; at; at = at.parent) if (at.node === node) at.name = newName;
    }
  }

  /** 9P's Tremove: the fid is gone whatever comes of it. */
  remove(fid: number, request: Request): Awaitable<void> {
    const { place } = this.#fid(fid);
    const { parent } = place;
    return soon(this.clunk(fid, request), () => {
      if (!parent) throw new Errno('EPERM', 'the root cannot be removed');
      return this.#places.remove(parent, place, place.node.kind === 'dir', request);
    });
  }

  /** 9P2000.L's Trename, and a new name in 9P2000's Twstat. */
  async renameFid(fid: number, directoryFid: number | undefined, newName: string, request: Request): Promise<void> {
    const { place } = this.#fid(fid);
    if (!place.parent) throw new Errno('EPERM', 'the root cannot be renamed');
    const to = directoryFid === undefined ? place.parent : this.#directory(directoryFid).place;
    this.#follows(await this.#places.rename(place.parent, place.name, to, newName, 0, request), newName);
  }

  stat(fid: number, request: Request): Awaitable<Attributes> {
    const { place, open } = this.#fid(fid);
    if (open?.handle?.stat) return open.handle.stat(request);
    return this.#places.stat(place, request);
  }

  /** chmod, chown, utimes and truncate; `open` is the fid of the open file where the wire names one. */
  setattr(fid: number, changed: Changed, request: Request, open?: number): Awaitable<void> {
    const { place } = this.#fid(fid);
    const named = open === undefined ? this.#fid(fid).open : this.#fids.get(open)?.open;
    this.#places.permit(place, request);
    place.check();
    return this.#places.attempt(place, 'setattr', true, () => {
      const { node } = place;
      if (named?.handle?.setattr) return named.handle.setattr(changed, request);
      if (node.setattr && node.host) return node.setattr(changed, request);
      return soon(this.#places.stat(place, request), (attributes) => {
        if (node.kind === 'dir' && changed.size !== undefined) throw new Errno('EISDIR');
        const owner =
          (changed.uid ?? attributes.uid) === attributes.uid && (changed.gid ?? attributes.gid) === attributes.gid;
        if (!owner) throw new Errno('EPERM', `${place.path} belongs to the server`);
        if (node.setattr) return node.setattr(changed, request);
        if (changed.size === undefined) return;
        checkMode(place, attributes.mode, false, true);
        const target = named ?? this.#truncations.open(attributes.qid);
        if (target?.handle && mode.writes(target.flags)) return target.handle.truncate?.(changed.size, request);
        // Linux's 9P client of 6.1 truncates before it opens: the open that follows starts empty.
        if (changed.size === 0) this.#truncations.mark(attributes.qid);
      });
    });
  }

  statfs(fid: number, request: Request): Awaitable<Space> {
    let place: Place | undefined = this.#fid(fid).place;
    for (; place; place = place.parent)
      if (place.node.kind === 'dir' && place.node.statfs) return place.node.statfs(request);
    return synthetic;
  }

  /** access(2): the same answers open would give. */
  access(fid: number, mask: number, request: Request): Awaitable<void> {
    return this.#places.access(this.#fid(fid).place, mask, request);
  }

  /** close(2) on one of the descriptors: validates and makes durable what was written. Its error is what close shows. */
  flush(fid: number, request: Request): Awaitable<void> {
    const { place } = this.#fid(fid);
    const { handle } = this.#opening(fid);
    if (!handle?.stage) return;
    place.check();
    return this.#places.attempt(place, 'close', true, () => handle.stage!(request));
  }

  fsync(fid: number, dataOnly: boolean, request: Request): Awaitable<void> {
    const { handle, node } = this.#opening(fid);
    this.#fid(fid).place.check();
    if (node.kind === 'dir') return node.sync?.(request);
    return handle?.sync ? handle.sync(dataOnly, request) : this.flush(fid, request);
  }

  /** The last close: stages what is left, publishes, and gives the fid back, also where that throws. */
  clunk(fid: number, request: Request = this.request()): Awaitable<void> {
    const { place, open } = this.#fid(fid);
    this.#forget(fid);
    if (!open?.handle) return;
    const { handle } = open;
    this.#truncations.delete(open);
    this.#polled.delete(open);
    const settle = (): Awaitable<void> => soon(handle.stage?.(request), () => handle.publish?.(request));
    // Nothing acts any more on what was taken away or is gone, also not what waited for this close.
    const refuse = (stale: unknown): Awaitable<void> =>
      soon(handle.discard?.(), () => {
        throw stale;
      });
    const end = (): void => handle.close?.();
    let done: Awaitable<void>;
    try {
      const stale = staleness(place);
      done = stale ? refuse(stale) : this.#places.attempt(place, 'close', true, settle);
    } catch (error) {
      end();
      throw error;
    }
    if (!(done instanceof Promise)) {
      end();
      return;
    }
    const closing = done.finally(() => {
      this.#closing.delete(closing);
      end();
    });
    this.#closing.add(closing);
    return closing;
  }

  /** Bits of poll(2); `wake` is called once when they change. */
  poll(fid: number, wake?: () => void): number {
    const open = this.#opening(fid);
    const { place } = this.#fid(fid);
    if (staleness(place)) return POLLIN | POLLHUP;
    if (!open.handle?.poll) return POLLIN | POLLOUT;
    if (!wake) return open.handle.poll(undefined);
    const once = (): void => {
      if (this.#polled.get(open)?.wake === once) this.#polled.delete(open);
      wake();
    };
    const events = open.handle.poll(once);
    this.#polled.set(open, { place, wake: once });
    return events;
  }

  /** Something was unmounted or removed somewhere: whoever waits on what is gone is told. */
  #cut(): void {
    for (const [request, place] of this.#waiting) if (staleness(place)) request.abort();
    for (const { place, wake } of [...this.#polled.values()]) if (staleness(place)) wake();
  }

  getxattr(fid: number, name: string, request: Request): Awaitable<Uint8Array> {
    const { node } = this.#fid(fid).place;
    if (!node.getxattr) throw new Errno('ENOTSUP');
    return node.getxattr(name, request);
  }

  setxattr(fid: number, name: string, value: Uint8Array, flags: number, request: Request): Awaitable<void> {
    const { place } = this.#fid(fid);
    if (!place.node.setxattr) throw new Errno('ENOTSUP');
    this.#places.permit(place, request);
    return place.node.setxattr(name, value, flags, request);
  }

  listxattr(fid: number, request: Request): Awaitable<string[]> {
    const { node } = this.#fid(fid).place;
    if (!node.listxattr) throw new Errno('ENOTSUP');
    return node.listxattr(request);
  }

  removexattr(fid: number, name: string, request: Request): Awaitable<void> {
    const { place } = this.#fid(fid);
    if (!place.node.removexattr) throw new Errno('ENOTSUP');
    this.#places.permit(place, request);
    return place.node.removexattr(name, request);
  }

  allocate(fid: number, offset: number, length: number, how: number, request: Request): Awaitable<void> {
    const { flags, handle } = this.#opening(fid);
    if (!mode.writes(flags)) throw new Errno('EBADF', 'not open for writing');
    if (!handle?.allocate) throw new Errno('ENOTSUP');
    return handle.allocate(offset, length, how, request);
  }

  seek(fid: number, offset: number, whence: number, request: Request): Awaitable<number> {
    const { handle } = this.#opening(fid);
    if (!handle?.seek) throw new Errno('ENOTSUP');
    return handle.seek(offset, whence, request);
  }

  copy(
    fid: number,
    offset: number,
    toFid: number,
    toOffset: number,
    length: number,
    request: Request,
  ): Awaitable<number> {
    const { flags, handle } = this.#opening(fid);
    const to = this.#opening(toFid);
    if (!mode.reads(flags) || !mode.writes(to.flags)) throw new Errno('EBADF');
    if (!handle?.copy || !to.handle?.copy) throw new Errno('EXDEV', 'only between host files');
    return handle.copy(offset, to.handle, toOffset, length, request);
  }

  /** Ends the conversation: what waits is interrupted, every fid is clunked. A failed publish is in `error` by then. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    for (const request of this.#waiting.keys()) request.abort();
    const failures: unknown[] = [];
    for (const closed of await Promise.allSettled(this.#closing)) {
      if (closed.status === 'rejected' && !(closed.reason instanceof Errno)) failures.push(closed.reason);
    }
    for (const fid of [...this.#fids.keys()]) {
      try {
        await this.clunk(fid);
      } catch (error) {
        if (!(error instanceof Errno)) failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'files that could not be closed');
  }

  #fid(fid: number): Fid {
    const own = this.#fids.get(fid);
    if (!own) throw new Errno('EBADF', `unknown fid ${fid}`);
    return own;
  }

  #free(fid: number): void {
    if (this.#closed) throw new Errno('ESTALE', 'the session is closed');
    if (this.#fids.has(fid)) throw new Errno('EBADF', `fid ${fid} is in use`);
    if (this.#fids.size >= this.#maxFids) throw new Errno('EMFILE', `more than ${this.#maxFids} fids`);
  }

  #put(fid: number, place: Place): void {
    hold(place.node);
    this.#fids.set(fid, { place, open: undefined });
  }

  #forget(fid: number): void {
    const own = this.#fid(fid);
    this.#fids.delete(fid);
    drop(own.place.node);
  }

  #opening(fid: number): Open {
    const { open } = this.#fid(fid);
    if (!open) throw new Errno('EBADF', 'the fid is not open');
    return open;
  }

  #directory(fid: number): Fid {
    const own = this.#fid(fid);
    if (own.place.node.kind !== 'dir') throw new Errno('ENOTDIR', `${own.place.path} is not a directory`);
    own.place.check();
    return own;
  }

  /** What was taken away while a read waited gives nothing any more. */
  async #while<T>(request: Request, { node }: Open, place: Place, result: Promise<T>): Promise<T> {
    this.#waiting.set(request, place);
    try {
      return await result;
    } finally {
      this.#waiting.delete(request);
      // Whoever was told that something happened must not be shown what was before it.
      if (node.kind === 'file' && node.style === 'stream') this.#places.acted++;
      place.check();
    }
  }
}

/** What statfs(2) says of files that lie on no disk: room for whatever their own limits allow. */
const synthetic: Space = {
  bsize: 4096,
  blocks: 262144,
  bfree: 262144,
  bavail: 262144,
  files: 1e6,
  ffree: 1e6,
  namelen: 255,
};

/** Why nothing may be done here any more, if so. */
const staleness = (place: Place): unknown => {
  try {
    place.check();
    return undefined;
  } catch (error) {
    return error;
  }
};

const checkSpan = (offset: number, count: number): void => {
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(offset + count)) {
    throw new Errno('EINVAL', 'offset out of range');
  }
};

/** The mode decides alike for every tier, root included: FUSE enforces no bits for root. */
const checkMode = (place: Place, bits: number, read: boolean, write: boolean): void => {
  if (read && (bits & 0o444) === 0) throw new Errno('EACCES', `${place.path} cannot be read`);
  if (write && (bits & 0o222) === 0) throw new Errno('EACCES', `${place.path} cannot be written`);
};
