import { Errno } from './errno.ts';
import { follow } from './follow.ts';
import * as mode from './mode.ts';
import { checkName } from './name.ts';
import type { Namespace } from './namespace.ts';
import type { Attributes, Awaitable, Dir, Entry, Node } from './node.ts';
import { Place, rightIn } from './place.ts';
import type { Request } from './request.ts';
import { soon } from './soon.ts';

const RENAME_NOREPLACE = 1;

/**
 * What may be done at a place, and what is refused there: rights, names, unions, and who is told of a failure. It knows
 * no fids; a session turns those into places.
 */
export class Places {
  readonly #namespace: Namespace;
  /** Counts what may have changed something: a text shown after it must not be older. */
  acted = 0;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  permit(place: Place, request: Request): void {
    if (place.right(request.subject) !== 'w') throw new Errno('EACCES', `${place.path} is read-only for you`);
  }

  /** The directory at a place that takes changes. EACCES by the tier. */
  writable(place: Place, request: Request): Dir {
    this.permit(place, request);
    return this.#namespace.target(place);
  }

  step(place: Place, name: string, request: Request): Awaitable<Place> {
    if (name === '..') return place.parent ?? place;
    if (place.node.kind !== 'dir') throw new Errno('ENOTDIR', `${place.path} is not a directory`);
    if (name === '.') return place;
    checkName(name);
    place.check();
    return soon(this.#namespace.step(place, name, request), (next) => {
      if (!next || next.right(request.subject) === '-') throw Errno.plain('ENOENT', `${place.path}: no ${name}`);
      return next;
    });
  }

  stat(place: Place, request: Request): Awaitable<Attributes> {
    place.check();
    const attributes = place.node.stat(request);
    if (request.subject.tier === 'operator' || place.right(request.subject) === 'w') return attributes;
    return soon(attributes, (own) => ({ ...own, mode: own.mode & ~0o222 }));
  }

  follow(place: Place, request: Request): Awaitable<Place> {
    return follow(
      place,
      (from, name) => this.step(from, name, request),
      () => this.#namespace.root,
      request,
    );
  }

  /** A listing with `.` and `..` first, without what the asker may not see and, where it knows none, without links. */
  list(place: Place, links: boolean, request: Request): Awaitable<readonly Entry[]> {
    const own = place.right(request.subject);
    const seen = (holder: Dir, { name, mode: bits }: Entry): boolean =>
      rightIn(holder, name, request.subject, own) !== '-' && (links || !mode.isLink(bits));
    return soon(this.stat(place, request), ({ qid }) =>
      soon(this.stat(place.parent ?? place, request), ({ qid: above }) =>
        soon(this.#namespace.list(place, seen, request), (list) => {
          const entries: Entry[] = [
            { name: '.', qid, mode: mode.S_IFDIR },
            { name: '..', qid: above, mode: mode.S_IFDIR },
          ];
          for (const entry of list) entries.push(entry);
          return entries;
        }),
      ),
    );
  }

  /** access(2): the same answers open would give. */
  access(place: Place, mask: number, request: Request): Awaitable<void> {
    return soon(this.stat(place, request), (attributes) => {
      if (mask & mode.W_OK && place.right(request.subject) !== 'w') throw new Errno('EACCES');
      if (place.node.permit) return place.node.permit(mask, request);
      const { mode: bits } = attributes;
      const granted = ((bits >> 6) | (bits >> 3) | bits) & 7;
      if ((granted & mask) !== mask) throw new Errno('EACCES');
    });
  }

  /** A new name made by `make`, in the directory that takes new names. EEXIST, EACCES. */
  make(
    place: Place,
    name: string,
    op: string,
    request: Request,
    make: (directory: Dir, place: Place) => Awaitable<Node>,
  ): Awaitable<Attributes> {
    checkName(name);
    return soon(this.#namespace.step(place, name, request), (found) => {
      if (found && found.right(request.subject) !== '-') throw new Errno('EEXIST', `${found.path} exists`);
      const directory = this.writable(place, request);
      const child = new Place(directory, name, place);
      return soon(
        this.attempt(child, op, true, () => make(directory, place)),
        (node) => this.stat(this.#namespace.made(node, name, place, directory), request),
      );
    });
  }

  /** unlink(2), or rmdir(2) where `directory`. */
  unlink(place: Place, name: string, directory: boolean, request: Request): Awaitable<void> {
    checkName(name);
    return soon(this.step(place, name, request), (found) => {
      if (found.node.host) return this.remove(place, found, directory, request);
      if (found.node.kind !== 'dir' && directory) throw new Errno('ENOTDIR', `${found.path} is not a directory`);
      if (found.node.kind === 'dir' && !directory) throw new Errno('EISDIR', `${found.path} is a directory`);
      return this.remove(place, found, directory, request);
    });
  }

  /** Takes away what was found under its name. */
  remove(place: Place, found: Place, directory: boolean, request: Request): Awaitable<void> {
    this.permit(place, request);
    this.permit(found, request);
    return soon(this.#namespace.holder(place, found.name, request), (holder) =>
      this.attempt(found, directory ? 'rmdir' : 'unlink', true, () => {
        if (found.mount) throw new Errno('EBUSY', `${found.path} is a mount point`);
        if (!holder.remove) throw new Errno('EPERM', `nothing in ${place.path} can be removed`);
        return holder.remove(found.name, directory, request);
      }),
    );
  }

  /** rename(2) with the flags of renameat2(2); gives the node that has the new name. EXDEV or EPERM across directories that do not know each other. */
  rename(
    place: Place,
    name: string,
    toPlace: Place,
    newName: string,
    flags: number,
    request: Request,
  ): Awaitable<Node> {
    checkName(name);
    checkName(newName);
    return soon(this.step(place, name, request), (found) => {
      for (const changed of [place, toPlace, found]) this.permit(changed, request);
      return soon(this.#namespace.holder(place, name, request), (holder) =>
        soon(this.#namespace.step(toPlace, newName, request), (present) =>
          soon(
            this.attempt(found, 'rename', true, () => {
              const within = place.node === toPlace.node && place.mount === toPlace.mount;
              const to = within ? holder : this.#namespace.target(toPlace);
              if (found.mount || present?.mount) throw new Errno('EBUSY', `${found.path} is a mount point`);
              if (!holder.rename) throw new Errno('EPERM', `nothing in ${place.path} can be renamed`);
              if (holder.host !== to.host) throw new Errno('EXDEV', 'work/ and the rest are different file systems');
              if (!holder.host && holder !== to) throw new Errno('EPERM', 'no renames across directories here');
              if (present) this.#replaceable(present, newName, request);
              if (!holder.host && present?.node === found.node) return;
              if (!holder.host) checkReplaced(found, present, flags);
              return holder.rename(name, to, newName, flags, request);
            }),
            () => found.node,
          ),
        ),
      );
    });
  }

  /** What a rename would replace must be the caller's to write; what is absent for it is a name the directory refuses. */
  #replaceable(present: Place, name: string, request: Request): void {
    const right = present.right(request.subject);
    if (right === '-') throw new Errno('EPERM', `nothing can become ${name} here`);
    if (right === 'r') throw new Errno('EACCES', `${present.path} is read-only for you`);
  }

  /** Runs a change; where it fails, the nearest directory that keeps `error` hears the reason. */
  attempt<T>(place: Place, op: string, tell: boolean, change: () => Awaitable<T>): Awaitable<T> {
    if (!tell) return change();
    const failed = (error: unknown): never => {
      // A read that was given up, or finds nothing yet, is no failure.
      const passing = op === 'read' && error instanceof Errno && (error.code === 'EINTR' || error.code === 'EAGAIN');
      if (error instanceof Errno && !passing) refuse(place, op, error);
      throw error;
    };
    try {
      const result = change();
      if (result instanceof Promise) return result.catch(failed).finally(() => this.acted++);
      this.acted++;
      return result;
    } catch (error) {
      this.acted++;
      return failed(error);
    }
  }
}

/** What programs do in a directory of the host fails as on any disk, and often on purpose: that stands in no `error`. */
const refuse = (place: Place, op: string, error: Errno): void => {
  if (place.node.host) return;
  const names = [place.name];
  for (let at = place.parent; at; at = at.parent) {
    if (at.node.kind === 'dir' && at.node.refused) {
      at.node.refused({ path: names.join('/'), op, error });
      return;
    }
    names.unshift(at.name);
  }
};

/** What renameat2(2) says of names that exist, for directories in memory; the host's own say it themselves. */
const checkReplaced = (found: Place, present: Place | undefined, flags: number): void => {
  if ((flags & ~RENAME_NOREPLACE) !== 0) throw new Errno('EINVAL', 'no such rename here');
  if (!present) return;
  if (flags & RENAME_NOREPLACE) throw new Errno('EEXIST', `${present.path} exists`);
  const [from, to] = [found.node.kind === 'dir', present.node.kind === 'dir'];
  if (to && !from) throw new Errno('EISDIR', `${present.path} is a directory`);
  if (from && !to) throw new Errno('ENOTDIR', `${present.path} is not a directory`);
};
