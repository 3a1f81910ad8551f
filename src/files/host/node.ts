import { Errno } from '../../kernel/errno.ts';
import { isHeld } from '../../kernel/fid.ts';
import { O_NOFOLLOW, S_IFDIR, S_IFLNK, S_IFMT } from '../../kernel/mode.ts';
import type { Attributes, Changed, Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_PATH, at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { change } from './change.ts';
import { as } from './credentials.ts';
import { slot } from './descriptors.ts';
import type { HostDir } from './directory.ts';
import { attributesOf, same, type Identity } from './identity.ts';
import { magic, type Tree } from './tree.ts';
import { getxattr, listxattr, removexattr, setxattr, type Attributed } from './xattr.ts';

/** One name of a file, as it was when last looked at. */
export interface Name {
  readonly dir: HostDir;
  readonly name: string;
}

/** How many names of one file are remembered. */
const MOST = 8;

/**
 * A file of the host. It is remembered by identity and by the names it was found under. A name is only a way to reach
 * the file: the host may have given it to another one meanwhile, so whatever is found there is compared with the
 * identity first, and where no name leads to the file any more the answer is ESTALE.
 */
export abstract class HostNode {
  readonly host = true as const;
  readonly tree: Tree;
  readonly slot = slot();
  qid: number;
  birth: number;
  readonly type: number;
  #names: Name[] = [];

  constructor(tree: Tree, identity: Identity, name?: Name) {
    this.tree = tree;
    this.qid = identity.qid;
    this.birth = identity.birth;
    this.type = identity.mode & S_IFMT;
    if (name) this.#names.push(name);
  }

  is(mode: number): boolean {
    return (mode & S_IFMT) === this.type;
  }

  /** The newest name; undefined for the root and for what has lost its last. */
  get name(): Name | undefined {
    return this.#names.at(-1);
  }

  /** For messages: the path from the host directory, as far as we know. */
  get path(): string {
    const parts: string[] = [];
    for (let name = this.name; name && parts.length < 64; name = name.dir.name) parts.unshift(name.name);
    return parts.join('/');
  }

  /** It was found, or has been given, this name. */
  named(dir: HostDir, name: string): void {
    this.tree.pool.unpin(this.slot);
    const last = this.#names.at(-1);
    if (last?.dir === dir && last.name === name) return;
    if (this.type === S_IFDIR) this.#names = [];
    else {
      this.#lose(dir, name);
      if (this.#names.length === MOST) this.#names.shift();
    }
    this.#names.push({ dir, name });
  }

  /** The name was taken from it, by us. */
  unnamed(dir: HostDir, name: string): void {
    this.#lose(dir, name);
    if (this.#names.length > 0) this.tree.pool.unpin(this.slot);
  }

  #lose(dir: HostDir, name: string): void {
    const index = this.#names.findIndex((known) => known.dir === dir && known.name === name);
    if (index >= 0) this.#names.splice(index, 1);
  }

  /** Before a name is taken away: whoever holds the node can use it still, so its descriptor has to be opened now. */
  pin(): void {
    if (!isHeld(this as unknown as Node)) return;
    if (this.tree.pool.get(this.slot) < 0) this.reopen();
    this.tree.pool.pin(this.slot);
  }

  /** An O_PATH descriptor of this very file, borrowed: good until the next call of another node. ESTALE. */
  descriptor(): number {
    const held = this.tree.pool.get(this.slot);
    if (held >= 0) return held;
    const spare = this.spare();
    if (spare >= 0) return spare;
    // Down from the nearest directory that is open, without recursion: paths may be thousands of names long.
    const way: HostDir[] = [];
    for (let above = this.name?.dir; above && this.tree.pool.get(above.slot) < 0; above = above.name?.dir)
      way.push(above);
    while (way.length > 0) way.pop()!.descriptor();
    return this.reopen();
  }

  protected reopen(): number {
    for (let i = this.#names.length - 1; i >= 0; i--) {
      const { dir, name } = this.#names[i]!;
      let fd: number;
      try {
        const above = dir.descriptor();
        fd = this.tree.open(() => at().openat(above, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), 'open', name);
      } catch (error) {
        if (error instanceof Errno && isGone.has(error.code)) continue;
        throw error;
      }
      if (at().statx(fd, '', AT_EMPTY_PATH) === 0 && same(at().stat, this)) {
        this.tree.pool.put(this.slot, fd);
        return fd;
      }
      at().close(fd);
    }
    throw new Errno('ESTALE', `${this.path} is not the file it was`);
  }

  /** Another descriptor of the file, where there is one. */
  protected spare(): number {
    return -1;
  }

  stat(_request?: Request): Attributes {
    const { statx, stat } = at();
    const held = this.tree.pool.get(this.slot);
    if (held < 0 && this.type !== S_IFDIR) {
      // Without a descriptor of its own: a client that lists a large tree needs those of the directories only.
      for (let i = this.#names.length - 1; i >= 0; i--) {
        const { dir, name } = this.#names[i]!;
        const result = statx(dir.descriptor(), name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
        if (result === 0 && same(stat, this) && this.is(stat[7]!)) return attributesOf(stat);
      }
    }
    checked(statx(held < 0 ? this.descriptor() : held, '', AT_EMPTY_PATH), 'stat', this);
    return attributesOf(stat);
  }

  setattr(changed: Changed, request: Request): void {
    change(this.descriptor(), this, changed, request);
  }

  /** access(2) by the host's rules. */
  permit(mask: number, request: Request): void {
    const fd = this.descriptor();
    checked(
      as(request, () => at().faccessat(fd, '', mask)),
      'access',
      this,
    );
  }

  getxattr(name: string, request: Request): Uint8Array {
    return getxattr(this.attributed(), name, request);
  }

  setxattr(name: string, value: Uint8Array, flags: number, request: Request): void {
    setxattr(this.attributed(), name, value, flags, request);
  }

  listxattr(request: Request): string[] {
    return listxattr(this.attributed(), request);
  }

  removexattr(name: string, request: Request): void {
    removexattr(this.attributed(), name, request);
  }

  /**
   * Linux follows a descriptor of a link to no attributes, so a link is reached by name; its last component is not
   * followed, and what a name may be swapped for lies in the same directory.
   */
  private attributed(): Attributed {
    const fd = this.descriptor();
    if (this.type !== S_IFLNK) return { path: magic(fd), link: false };
    for (let i = this.#names.length - 1; i >= 0; i--) {
      const { dir, name } = this.#names[i]!;
      const above = dir.descriptor();
      const { statx, stat } = at();
      if (statx(above, name, AT_SYMLINK_NOFOLLOW) === 0 && same(stat, this)) {
        return { path: `${magic(above)}/${name}`, link: true };
      }
    }
    throw new Errno('ENOTSUP', 'no extended attributes of a link without a name');
  }

  forget(): void {
    this.tree.pool.release(this.slot);
    // A directory stays known while nodes below it reach their files through it.
    if (this.type !== S_IFDIR || this.#names.length === 0) this.tree.drop(this);
  }
}

/** The errors that say a name does not lead to the file, as against those that say nothing about it. */
const isGone = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE', 'ENAMETOOLONG']);
