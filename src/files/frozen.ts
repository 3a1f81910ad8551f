import { Errno } from '../kernel/errno.ts';
import { O_TRUNC, writes } from '../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, File, Handle, Link, Node } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import type { Access } from '../kernel/subject.ts';

const WRITE = 0o222;

const still = (attributes: Attributes): Attributes => ({ ...attributes, mode: attributes.mode & ~WRITE });

/** A node and all below it, to be looked at only: whatever it can do besides reading is not there. */
export const frozen = <N extends Node>(node: N): N extends Dir ? Dir : N extends File ? File : Link =>
  (node.kind === 'dir'
    ? new FrozenDir(node)
    : node.kind === 'file'
      ? new FrozenFile(node)
      : new FrozenLink(node)) as never;

abstract class Frozen<N extends Node> {
  protected readonly node: N;

  constructor(node: N) {
    this.node = node;
  }

  get gone(): boolean {
    return this.node.gone ?? false;
  }

  stat(request: Request): Awaitable<Attributes> {
    return soon(this.node.stat(request), still);
  }

  forget(): void {
    this.node.forget?.();
  }
}

class FrozenDir extends Frozen<Dir> implements Dir {
  readonly kind = 'dir';
  readonly #made = new WeakMap<Node, Node>();

  access(name: string): Access | undefined {
    return this.node.access?.(name);
  }

  lookup(name: string, request: Request): Awaitable<Node | undefined> {
    return soon(this.node.lookup(name, request), (node) => {
      if (!node) return undefined;
      const known = this.#made.get(node);
      if (known) return known;
      const made = frozen(node);
      this.#made.set(node, made);
      return made;
    });
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    return this.node.list(request);
  }
}

class FrozenFile extends Frozen<File> implements File {
  readonly kind = 'file';

  get style(): NonNullable<File['style']> {
    return this.node.style ?? 'direct';
  }

  open(flags: number, request: Request): Awaitable<Handle> {
    if (writes(flags) || flags & O_TRUNC) throw new Errno('EACCES', 'it can only be read');
    return soon(this.node.open(flags, request), (handle): Handle => ({
      read: (offset, count, by) => handle.read!(offset, count, by),
      close: () => handle.close?.(),
    }));
  }
}

class FrozenLink extends Frozen<Link> implements Link {
  readonly kind = 'link';

  target(request: Request): Awaitable<string> {
    return this.node.target(request);
  }
}
