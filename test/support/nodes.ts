import { Changes } from '../../src/kernel/changes.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../src/kernel/mode.ts';
import { Namespace } from '../../src/kernel/namespace.ts';
import type { Attributes, Dir, Entry, File, Handle, Link, Node } from '../../src/kernel/node.ts';
import { nextQid } from '../../src/kernel/qid.ts';
import { Request } from '../../src/kernel/request.ts';
import { Session, type SessionOptions } from '../../src/kernel/session.ts';
import { operator, type Subject } from '../../src/kernel/subject.ts';

/** Small real nodes for tests that need a tree and no devices. */
export const attributes = (qid: number, mode: number, size = 0): Attributes => ({
  qid,
  version: 0,
  mode,
  size,
  nlink: 1,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  rdev: 0,
  blocks: Math.ceil(size / 512),
  blksize: 4096,
  atime: 1_700_000_000_123_456_789n,
  mtime: 1_700_000_000_123_456_789n,
  ctime: 1_700_000_000_123_456_789n,
});

/** A directory that holds what it is given, and takes new memory files and directories. */
export class MemoryDir implements Dir {
  readonly kind = 'dir';
  readonly qid = nextQid();
  readonly children = new Map<string, Node & { qid: number; mode: number }>();
  readonly mode = S_IFDIR | 0o755;

  constructor(children: Record<string, Node & { qid: number; mode: number }> = {}) {
    for (const [name, node] of Object.entries(children)) this.children.set(name, node);
  }

  stat(): Attributes {
    return attributes(this.qid, this.mode);
  }

  lookup(name: string): Node | undefined {
    return this.children.get(name);
  }

  *list(): Iterable<Entry> {
    for (const [name, { qid, mode }] of this.children) yield { name, qid, mode };
  }

  create(name: string): { node: File; handle: Handle } {
    const node = new MemoryFile('');
    this.children.set(name, node);
    return { node, handle: node.open() };
  }

  mkdir(name: string): Dir {
    const node = new MemoryDir();
    this.children.set(name, node);
    return node;
  }

  remove(name: string, directory: boolean): void {
    const node = this.children.get(name);
    if (!node) throw new Errno('ENOENT');
    if (directory && node instanceof MemoryDir && node.children.size > 0) throw new Errno('ENOTEMPTY');
    this.children.delete(name);
  }

  rename(name: string, to: Dir, newName: string): void {
    const node = this.children.get(name);
    if (!node || !(to instanceof MemoryDir)) throw new Errno('ENOENT');
    this.children.delete(name);
    to.children.set(newName, node);
  }
}

export class MemoryFile implements File {
  readonly kind = 'file';
  readonly qid = nextQid();
  readonly mode: number;
  content: Buffer;

  constructor(text: string, permissions = 0o644) {
    this.content = Buffer.from(text);
    this.mode = S_IFREG | permissions;
  }

  stat(): Attributes {
    return attributes(this.qid, this.mode, this.content.length);
  }

  open(): Handle {
    return {
      read: (offset, count) => this.content.subarray(offset, offset + count),
      write: (offset, data) => {
        const end = offset + data.length;
        if (end > this.content.length) this.content = Buffer.concat([this.content], end);
        this.content.set(data, offset);
        return data.length;
      },
      truncate: (size) => {
        this.content = Buffer.concat([this.content.subarray(0, size)], size);
      },
    };
  }
}

export class MemoryLink implements Link {
  readonly kind = 'link';
  readonly qid = nextQid();
  readonly mode = S_IFLNK | 0o777;
  readonly #target: string;

  constructor(target: string) {
    this.#target = target;
  }

  stat(): Attributes {
    return attributes(this.qid, this.mode, this.#target.length);
  }

  target(): string {
    return this.#target;
  }
}

/** A session on one tree. */
export const sessionOn = async (
  root: Dir,
  options: Partial<SessionOptions> & { subject?: Subject } = {},
): Promise<{ session: Session; namespace: Namespace; changes: Changes }> => {
  const changes = options.changes ?? new Changes();
  const namespace = new Namespace((source) => {
    if (source === '#root') return root;
    throw new Errno('ENOENT', `no source ${source}`);
  }, changes);
  await namespace.bind('#root', '/', {}, new Request(operator));
  const session = new Session({ subject: operator, ...options, namespace, changes });
  return { session, namespace, changes };
};
