import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Errno } from '../kernel/errno.ts';
import { O_DIRECTORY, O_NOFOLLOW, isDirectory, isLink } from '../kernel/mode.ts';
import type { Attributes, Dir } from '../kernel/node.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_PATH, at } from '../native/at.ts';
import { checked } from '../native/libc.ts';
import { Descriptors } from './host/descriptors.ts';
import { HostDir } from './host/directory.ts';
import { identityOf, same } from './host/identity.ts';
import { Tree } from './host/tree.ts';

export interface HostOptions {
  /** Make the directory with this mode where there is none; its parent must exist. Absent: nothing is made. */
  mkdir?: number;
  /** Descriptors its nodes may keep open, instead of a share of the pool all host directories have in common. */
  descriptors?: number;
}

/** A host directory as it is served; `close` gives back every descriptor, after which everything is ESTALE. */
export interface Host extends Dir {
  close(): void;
  /** How many files are known, and how many descriptors nodes hold in the pool, others' included. */
  readonly usage: { nodes: number; descriptors: number };
}

/**
 * A directory of the host, served with the host's own semantics and never left: `docs/work.md`. Nothing is opened until
 * the first call. ENOTSUP where there are no Linux system calls (another system, no koffi, no /proc).
 */
export const host = (path: string, options: HostOptions = {}): Host => {
  const absolute = resolve(path);
  if (options.mkdir !== undefined) make(absolute, options.mkdir);
  const pool = options.descriptors === undefined ? undefined : new Descriptors(options.descriptors);
  return new HostRoot(absolute, pool);
};

const make = (path: string, mode: number): void => {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw Errno.ofSystem(error);
  }
};

/** The directory itself. Unlike what lies below, it is whatever directory has its path now: a restored `work` is `work`. */
class HostRoot extends HostDir implements Host {
  constructor(path: string, pool: Descriptors | undefined) {
    super(new Tree(path, pool), { qid: 0, birth: 0, mode: 0o040000 });
  }

  get gone(): boolean {
    return this.tree.closed;
  }

  override get path(): string {
    return '';
  }

  override descriptor(): number {
    const { tree } = this;
    if (tree.closed) throw new Errno('ESTALE', `${tree.path} is not served any more`);
    const { statx, stat, openat } = at();
    checked(statx(AT_FDCWD, tree.path, AT_SYMLINK_NOFOLLOW), 'stat', tree.path);
    if (isLink(stat[7]!)) throw new Errno('ELOOP', `${tree.path} is a link`);
    if (!isDirectory(stat[7]!)) throw new Errno('ENOTDIR', `${tree.path} is not a directory`);
    const held = tree.pool.get(this.slot);
    if (held >= 0 && same(stat, this)) return held;
    const fd = tree.open(
      () => openat(AT_FDCWD, tree.path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0),
      'open',
      tree.path,
    );
    tree.pool.put(this.slot, fd);
    checked(statx(fd, '', AT_EMPTY_PATH), 'stat', tree.path);
    ({ qid: this.qid, birth: this.birth } = identityOf(stat));
    return fd;
  }

  override stat(): Attributes {
    this.descriptor();
    return super.stat();
  }

  override forget(): void {
    if (this.slot.fd >= 0) this.tree.pool.release(this.slot);
  }

  get usage(): { nodes: number; descriptors: number } {
    return { nodes: this.tree.size, descriptors: this.tree.pool.size };
  }

  close(): void {
    this.forget();
    this.tree.close();
  }
}
