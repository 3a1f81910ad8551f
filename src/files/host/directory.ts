import fs from 'node:fs';
import { promisify } from 'node:util';
import { Errno } from '../../kernel/errno.ts';
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../../kernel/mode.ts';
import { checkName } from '../../kernel/name.ts';
import type { Awaitable, Dir, Entry, Node, Space } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  at,
} from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { guard, guardMode } from './change.ts';
import { as } from './credentials.ts';
import { HostFile, MEANT } from './file.ts';
import type { HostHandle } from './handle.ts';
import { identityOf, type Identity } from './identity.ts';
import { HostLink } from './link.ts';
import { listing } from './listing.ts';
import { HostNode } from './node.ts';
import { umaskTakes, withoutUmask } from './umask.ts';
import { magic, shut } from './tree.ts';

const ENOENT = -2;
const EEXIST = -17;
const RENAME_EXCHANGE = 2;
/** How often a create may lose against others that make and remove the same name. */
const TRIES = 8;

const fsync = promisify(fs.fsync);

/** A directory of the host. Every name is one component, looked up in a descriptor of this directory, links as links. */
export class HostDir extends HostNode implements Dir {
  readonly kind = 'dir';

  lookup(name: string, request: Request): Node | undefined {
    checkName(name);
    const fd = this.descriptor();
    const result = as(request, () => at().statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT));
    if (result === ENOENT) return undefined;
    checked(result, 'lookup', name);
    return this.#node(name, identityOf(at().stat));
  }

  #node(name: string, identity: Identity): Node {
    const known = this.tree.find(identity);
    if (known) {
      known.named(this, name);
      return known as Node & HostNode;
    }
    const place = { dir: this, name };
    const type = identity.mode & S_IFMT;
    const node =
      type === S_IFDIR
        ? new HostDir(this.tree, identity, place)
        : type === S_IFLNK
          ? new HostLink(this.tree, identity, place)
          : new HostFile(this.tree, identity, place);
    this.tree.keep(node);
    return node;
  }

  /** What lies under a name for the server itself. */
  #made(name: string): Node {
    checked(at().statx(this.descriptor(), name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT), 'stat', name);
    return this.#node(name, identityOf(at().stat));
  }

  /** The node under a name where it is one already. */
  #known(fd: number, name: string): HostNode | undefined {
    const found = at().statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) === 0;
    return found ? this.tree.find(identityOf(at().stat)) : undefined;
  }

  list(request: Request): Awaitable<Entry[]> {
    const path = magic(this.descriptor());
    const open = (): number => at().openat(AT_FDCWD, path, O_DIRECTORY | O_NONBLOCK | O_CLOEXEC, 0);
    const fd = this.tree.open(() => as(request, open), 'opendir', this);
    let entries: Awaitable<Entry[]> | undefined;
    try {
      entries = listing(fd, request);
    } finally {
      if (entries instanceof Promise) entries = entries.finally(() => shut(fd));
      else shut(fd);
    }
    return entries;
  }

  create(name: string, flags: number, mode: number, request: Request): { node: HostFile; handle: HostHandle } {
    checkName(name);
    guardMode(request, S_IFREG, mode);
    const dir = this.descriptor();
    // Always exclusive: an open of what is there already goes through its node, which looks at what it is first.
    const how = (flags & MEANT) | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    for (let tries = 0; tries < TRIES; tries++) {
      const fd = this.tree.attempt(() => as(request, () => at().openat(dir, name, how, mode & 0o7777)));
      if (fd >= 0) return this.#created(name, fd, how, mode);
      if (fd !== EEXIST || flags & O_EXCL) checked(fd, 'create', name);
      const found = this.lookup(name, request);
      if (!found) continue;
      if (found.kind === 'dir') throw new Errno('EISDIR');
      if (!(found instanceof HostFile)) throw new Errno('ELOOP', `${name} is a link`);
      return { node: found, handle: found.open(flags, request) };
    }
    throw new Errno('EAGAIN', `${name} comes and goes`);
  }

  #created(name: string, fd: number, flags: number, mode: number): { node: HostFile; handle: HostHandle } {
    try {
      if (umaskTakes(mode)) withoutUmask(fd, mode, magic(this.descriptor()));
      checked(at().statx(fd, '', AT_EMPTY_PATH), 'fstat', name);
      const node = this.#node(name, identityOf(at().stat)) as HostFile;
      return { node, handle: node.opened(fd, flags) };
    } catch (error) {
      shut(fd);
      throw error;
    }
  }

  mkdir(name: string, mode: number, request: Request): HostDir {
    this.#make('mkdir', name, request, (dir) => at().mkdirat(dir, name, mode & 0o7777));
    const made = this.#made(name);
    if (!(made instanceof HostDir)) throw new Errno('ESTALE', `${name} was replaced`);
    this.#grant(made, mode);
    return made;
  }

  /** Gives what the server's umask took. */
  #grant(made: HostNode, mode: number): void {
    if (umaskTakes(mode)) withoutUmask(made.descriptor(), mode, magic(this.descriptor()));
  }

  mknod(name: string, mode: number, rdev: number, request: Request): Node {
    const type = mode & S_IFMT;
    guard(request, type === S_IFCHR || type === S_IFBLK, 'device nodes');
    guardMode(request, type, mode);
    this.#make('mknod', name, request, (dir) => at().mknodat(dir, name, mode, rdev));
    const made = this.#made(name);
    if (made instanceof HostFile) this.#grant(made, mode);
    return made;
  }

  symlink(name: string, target: string, request: Request): Node {
    if (target.includes('\0')) throw new Errno('EINVAL', 'the text of a link holds no NUL');
    this.#make('symlink', name, request, (dir) => at().symlinkat(target, dir, name));
    return this.#made(name);
  }

  link(node: Node, name: string, request: Request): void {
    if (!(node instanceof HostNode) || node.tree !== this.tree) throw new Errno('EXDEV', 'only within one directory');
    // Through /proc, because AT_EMPTY_PATH wants a capability the caller may lack. A link itself is linked, not followed.
    const from = magic(node.descriptor());
    this.#make('link', name, request, (dir) => at().linkat(AT_FDCWD, from, dir, name, AT_SYMLINK_FOLLOW));
    node.named(this, name);
  }

  #make(op: string, name: string, request: Request, call: (dir: number) => number): void {
    checkName(name);
    const dir = this.descriptor();
    checked(
      as(request, () => call(dir)),
      op,
      name,
    );
  }

  remove(name: string, directory: boolean, request: Request): void {
    checkName(name);
    const dir = this.descriptor();
    const node = this.#known(dir, name);
    this.#taking(node, this, name, () => {
      const flags = directory ? AT_REMOVEDIR : 0;
      const fd = this.descriptor();
      checked(
        as(request, () => at().unlinkat(fd, name, flags)),
        directory ? 'rmdir' : 'unlink',
        name,
      );
    });
  }

  /** Runs what takes a name from a node; whoever holds the node keeps it. */
  #taking(node: HostNode | undefined, dir: HostDir, name: string, take: () => void): void {
    try {
      node?.pin();
    } catch (error) {
      // It has gone by itself; what is there now has no node.
      if (!(error instanceof Errno) || error.code !== 'ESTALE') throw error;
      node = undefined;
    }
    try {
      take();
    } catch (error) {
      if (node?.name) this.tree.pool.unpin(node.slot);
      throw error;
    }
    node?.unnamed(dir, name);
  }

  rename(name: string, to: Dir, newName: string, flags: number, request: Request): void {
    checkName(name);
    checkName(newName);
    if (!(to instanceof HostDir) || to.tree !== this.tree) throw new Errno('EXDEV', 'only within one directory');
    const node = this.#known(this.descriptor(), name);
    const other = this.#known(to.descriptor(), newName);
    const rename = (): void => {
      const from = this.descriptor();
      const into = to.descriptor();
      checked(
        as(request, () => at().renameat2(from, name, into, newName, flags)),
        'rename',
        name,
      );
    };
    // Two names of one file: rename(2) does nothing.
    if (node && node === other) {
      rename();
      return;
    }
    if (flags & RENAME_EXCHANGE) {
      rename();
      other?.unnamed(to, newName);
      other?.named(this, name);
    } else to.#taking(other, to, newName, rename);
    node?.unnamed(this, name);
    node?.named(to, newName);
  }

  statfs(): Space {
    const words = new BigUint64Array(16);
    checked(at().fstatfs(this.descriptor(), words), 'statfs', this);
    const [, bsize, blocks, bfree, bavail, files, ffree, , namelen, frsize] = Array.from(words, Number);
    return {
      bsize: frsize || bsize!,
      blocks: blocks!,
      bfree: bfree!,
      bavail: bavail!,
      files: files!,
      ffree: ffree!,
      namelen: namelen!,
    };
  }

  async sync(request: Request): Promise<void> {
    const path = magic(this.descriptor());
    const open = (): number => at().openat(AT_FDCWD, path, O_DIRECTORY | O_NONBLOCK | O_CLOEXEC, 0);
    const fd = this.tree.open(() => as(request, open), 'fsync', this);
    try {
      await fsync(fd);
    } catch (error) {
      throw Errno.ofSystem(error);
    } finally {
      shut(fd);
    }
  }
}
