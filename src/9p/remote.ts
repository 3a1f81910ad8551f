import { setMaxListeners } from 'node:events';
import { Errno } from '../kernel/errno.ts';
import { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, S_IFDIR, S_IFLNK, S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Changed, Dir, Entry, File, Handle, Link, Node, Space } from '../kernel/node.ts';
import { nextQid } from '../kernel/qid.ts';
import type { Request } from '../kernel/request.ts';
import { until } from '../kernel/until.ts';
import type { RemoteAttributes } from './attributes.ts';
import type { Client } from './client.ts';
import { majorOf, minorOf } from './device.ts';
import { QTDIR, QTSYMLINK } from './fields.ts';
import type { Qid } from './fields.ts';
import { Recent } from './recent.ts';
import type { RemoteFid } from './remote-fid.ts';
import type { U64 } from './wire.ts';

/** Fids kept on the server for nodes nobody holds open; the one used longest ago is given back. */
const MAX_KEPT = 1024;
/** Inode numbers remembered for the server's qids; past that a file may get a new one. */
const MAX_NUMBERS = 65536;

/** What all nodes of one client share. */
class Tree {
  readonly client: Client;
  readonly #numbers = new Recent<U64, number>(MAX_NUMBERS, () => undefined);
  readonly #fids = new Recent<RemoteNode, Kept>(MAX_KEPT, (kept) => {
    kept.drop();
  });
  /** One object a remote node, as long as somebody has it. */
  readonly #nodes = new Map<U64, WeakRef<RemoteNode>>();
  readonly #lost = new FinalizationRegistry<U64>((path) => {
    if (!this.#nodes.get(path)?.deref()) this.#nodes.delete(path);
  });

  constructor(client: Client) {
    this.client = client;
  }

  /** Our inode number for a qid of the server. */
  number(path: U64): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) return known;
    const made = nextQid();
    this.#numbers.set(path, made);
    return made;
  }

  node(qid: Qid, parent: RemoteDir, name: string): RemoteDir | RemoteFile | RemoteLink {
    const known = this.#nodes.get(qid.path)?.deref();
    if (known && known.type === qid.type) {
      known.at(parent, name);
      return known as RemoteDir | RemoteFile | RemoteLink;
    }
    const Kind = qid.type & QTDIR ? RemoteDir : qid.type & QTSYMLINK ? RemoteLink : RemoteFile;
    const made = new Kind(this, qid.type, this.number(qid.path), parent, name);
    this.#nodes.set(qid.path, new WeakRef(made));
    this.#lost.register(made, qid.path);
    return made;
  }

  /** Runs a request on a node's fid, which is kept for the next one. */
  async with<T>(node: RemoteNode, signal: AbortSignal, use: (fid: RemoteFid) => Promise<T>): Promise<T> {
    let kept = this.#fids.get(node);
    if (!kept) {
      kept = new Kept(this.client.root.walk(node.path).then(({ fid }) => fid));
      this.#fids.set(node, kept);
    }
    kept.users++;
    try {
      const fid = await until(kept.fid, signal).catch((error: unknown) => {
        // What was not found is looked for again by the next request.
        if (this.#fids.get(node) === kept) this.#fids.delete(node);
        throw error;
      });
      return await use(fid);
    } finally {
      kept.users--;
      kept.settle();
    }
  }

  /** A fid that was just walked to the node: what was kept may stand for something that has gone. */
  keep(node: RemoteNode, fid: RemoteFid): void {
    this.#fids.delete(node);
    this.#fids.set(node, new Kept(Promise.resolve(fid)));
  }

  forget(node: RemoteNode): void {
    this.#fids.delete(node);
  }
}

/** A kept fid; it is given back when it was dropped and nobody uses it. */
class Kept {
  readonly fid: Promise<RemoteFid>;
  users = 0;
  #dropped = false;

  constructor(fid: Promise<RemoteFid>) {
    this.fid = fid;
  }

  drop(): void {
    this.#dropped = true;
    this.settle();
  }

  settle(): void {
    if (this.#dropped && this.users === 0) void release(this.fid);
  }
}

/** A fid that is not needed any more. Nothing was written through it, so nobody misses its answer. */
const release = async (walked: Promise<RemoteFid>): Promise<void> => {
  try {
    await (await walked).clunk();
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
  }
};

abstract class RemoteNode {
  /** The server decides what may be done; everything reaches it. */
  readonly host = true;
  readonly type: number;
  readonly qid: number;
  readonly tree: Tree;
  #parent: RemoteDir | undefined;
  #name: string;

  constructor(tree: Tree, type: number, qid: number, parent: RemoteDir | undefined, name: string) {
    this.tree = tree;
    this.type = type;
    this.qid = qid;
    this.#parent = parent;
    this.#name = name;
  }

  /** It was found here: that is its path now. */
  at(parent: RemoteDir | undefined, name: string): void {
    this.#parent = parent;
    this.#name = name;
  }

  get path(): string[] {
    return this.#parent ? [...this.#parent.path, this.#name] : [];
  }

  /** Runs a request on the node's fid. */
  protected async with<T>(request: Request, use: (fid: RemoteFid, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = request;
    setMaxListeners(0, signal); // a listing asks for all its entries at once, and each question listens
    return this.tree.with(this, signal, (fid) => use(fid, signal));
  }

  stat(request: Request): Promise<Attributes> {
    return this.with(request, async (fid, signal) => this.attributes(await fid.getattr(signal)));
  }

  attributes(remote: RemoteAttributes): Attributes {
    return { ...remote, qid: this.qid };
  }

  setattr(changed: Changed, request: Request): Promise<void> {
    return this.with(request, (fid, signal) => fid.setattr(changed, signal));
  }

  getxattr(name: string, request: Request): Promise<Uint8Array> {
    return this.with(request, (fid, signal) => fid.getxattr(name, signal));
  }

  setxattr(name: string, value: Uint8Array, flags: number, request: Request): Promise<void> {
    return this.with(request, (fid, signal) => fid.setxattr(name, value, flags, signal));
  }

  async listxattr(request: Request): Promise<string[]> {
    const names = await this.getxattr('', request);
    return Buffer.from(names)
      .toString()
      .split('\0')
      .filter((name) => name !== '');
  }

  removexattr(name: string, request: Request): Promise<void> {
    return this.setxattr(name, new Uint8Array(), 0, request);
  }

  forget(): void {
    this.tree.forget(this);
  }
}

class RemoteLink extends RemoteNode implements Link {
  readonly kind = 'link';

  target(request: Request): Promise<string> {
    return this.with(request, (fid, signal) => fid.readlink(signal));
  }
}

class RemoteFile extends RemoteNode implements File {
  readonly kind = 'file';

  open(flags: number, request: Request): Promise<Handle> {
    return this.with(request, async (own, signal) => {
      const { fid } = await own.walk([], signal);
      try {
        await fid.open(flags & ~(O_CREAT | O_EXCL), signal);
      } catch (error) {
        await fid.clunk();
        throw error;
      }
      return handleOn(fid, this);
    });
  }
}

/** An open remote file. Its clunk is the publish: the server acts then, and answers when it has. */
const handleOn = (fid: RemoteFid, node: RemoteNode): Handle => {
  let dirty = false;
  return {
    read: (offset, count, { signal }) => fid.read(offset, count, signal),
    write: async (offset, data, { signal }) => {
      dirty = true;
      // The bytes are ours during the call only, and the request may wait for its turn.
      return fid.write(offset, Buffer.from(data), signal);
    },
    truncate: async (size, { signal }) => {
      dirty = true;
      await fid.setattr({ size }, signal);
    },
    stage: async ({ signal }) => {
      if (!dirty) return;
      await fid.fsync(false, signal);
      dirty = false;
    },
    publish: () => fid.clunk(),
    // After a failed stage there was no publish: the server must still be told that the file is closed.
    close: () => void release(Promise.resolve(fid)),
    sync: async (dataOnly, { signal }) => {
      await fid.fsync(dataOnly, signal);
      dirty = false;
    },
    stat: async ({ signal }) => node.attributes(await fid.getattr(signal)),
    setattr: (changed, { signal }) => fid.setattr(changed, signal),
  };
};

class RemoteDir extends RemoteNode implements Dir {
  readonly kind = 'dir';

  #found(name: string, qid: Qid): RemoteDir | RemoteFile | RemoteLink {
    return this.tree.node(qid, this, name);
  }

  /** What was just made; a fid kept for an inode number that was used before means something else. */
  #made(name: string, qid: Qid): RemoteDir | RemoteFile | RemoteLink {
    const node = this.#found(name, qid);
    this.tree.forget(node);
    return node;
  }

  async lookup(name: string, request: Request): Promise<Node | undefined> {
    return this.with(request, async (own, signal) => {
      try {
        const { fid, qids } = await own.walk([name], signal);
        const node = this.#found(name, qids[0]!);
        this.tree.keep(node, fid);
        return node;
      } catch (error) {
        if (error instanceof Errno && error.code === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  list(request: Request): Promise<Entry[]> {
    return this.with(request, async (own, signal) => {
      const { fid } = await own.walk([], signal);
      try {
        await fid.open(O_RDONLY | O_DIRECTORY, signal);
        const all = await fid.readdir(signal);
        return all
          .filter(({ name }) => name !== '.' && name !== '..')
          .map(({ name, qid, type }) => ({ name, qid: this.tree.number(qid.path), mode: modeOf(type, qid) }));
      } finally {
        await fid.clunk();
      }
    });
  }

  create(name: string, flags: number, mode: number, request: Request): Promise<{ node: RemoteFile; handle: Handle }> {
    return this.with(request, async (own, signal) => {
      const { fid } = await own.walk([], signal);
      try {
        const qid = await fid.create(name, flags, mode, signal);
        const node = this.#made(name, qid);
        if (!(node instanceof RemoteFile)) throw new Errno('EPROTO', `${name} was made and is no file`);
        return { node, handle: handleOn(fid, node) };
      } catch (error) {
        await fid.clunk();
        throw error;
      }
    });
  }

  mkdir(name: string, mode: number, request: Request): Promise<RemoteDir> {
    return this.with(request, async (own, signal) => {
      const node = this.#made(name, await own.mkdir(name, mode, signal));
      if (!(node instanceof RemoteDir)) throw new Errno('EPROTO', `${name} was made and is no directory`);
      return node;
    });
  }

  symlink(name: string, target: string, request: Request): Promise<Node> {
    return this.with(request, async (own, signal) => this.#made(name, await own.symlink(name, target, signal)));
  }

  mknod(name: string, mode: number, rdev: number, request: Request): Promise<Node> {
    return this.with(request, async (own, signal) =>
      this.#made(name, await own.mknod(name, mode, majorOf(rdev), minorOf(rdev), signal)),
    );
  }

  link(node: Node, name: string, request: Request): Promise<void> {
    if (!(node instanceof RemoteNode) || node.tree !== this.tree) throw new Errno('EXDEV');
    return this.with(request, (own, signal) => this.tree.with(node, signal, (fid) => own.link(name, fid, signal)));
  }

  remove(name: string, directory: boolean, request: Request): Promise<void> {
    return this.with(request, (own, signal) => own.unlink(name, directory, signal));
  }

  async rename(name: string, to: Dir, newName: string, flags: number, request: Request): Promise<void> {
    if (!(to instanceof RemoteDir) || to.tree !== this.tree) throw new Errno('EXDEV');
    if (flags !== 0) throw new Errno('EINVAL', '9P has no rename with flags');
    const node = await this.lookup(name, request);
    await this.with(request, (own, signal) =>
      this.tree.with(to, signal, (fid) => own.rename(name, fid, newName, signal)),
    );
    if (!(node instanceof RemoteNode)) return;
    node.at(to, newName);
  }

  statfs(request: Request): Promise<Space> {
    return this.with(request, (own, signal) => own.statfs(signal));
  }
}

/** d_type carries the type bits; a server that leaves it 0 has said it in the qid. */
const modeOf = (type: number, qid: Qid): number =>
  type !== 0 ? type << 12 : qid.type & QTDIR ? S_IFDIR : qid.type & QTSYMLINK ? S_IFLNK : S_IFREG;

/**
 * Another server's tree as nodes of ours, so that a session, a FUSE mount or a name under `n/` can show it. Nothing is cached;
 * what fails on the wire fails here with the same code; an aborted request is flushed. Closing the client ends it.
 */
export const remote = (client: Client): Dir => {
  const tree = new Tree(client);
  return new RemoteDir(tree, QTDIR, nextQid(), undefined, '');
};
