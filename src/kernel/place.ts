import { Errno } from './errno.ts';
import type { Dir, Node } from './node.ts';
import { rightOf, type Right, type Subject } from './subject.ts';

/** One directory of a mount; `create`: new names go here. `live` turns false for good when it is taken away. */
export interface Layer {
  readonly source: string;
  readonly node: Dir;
  readonly create: boolean;
  live: boolean;
}

/** What covers one place of a namespace: one directory, or a union of several, searched in order. Never empty. */
export interface Mount {
  readonly target: string;
  /** Where the covered place lies. */
  readonly name: string;
  readonly parent: Node | undefined;
  layers: Layer[];
}

/**
 * Where a fid is: a node and the way to it (Plan 9's channel). The way decides `..`, the rights, and whether what was
 * reached may still be used after an unmount.
 */
export class Place {
  readonly node: Node;
  name: string;
  readonly parent: Place | undefined;
  /** The mount that was crossed to stand here. */
  readonly mount: Mount | undefined;
  /** The layer of a mount through which this was reached, where this is the covered place or lies directly in it. */
  readonly layer: Layer | undefined;
  /** The directory that has the name, where it is not the node of the parent: the layer of a union. */
  readonly holder: Dir | undefined;

  constructor(node: Node, name: string, parent: Place | undefined, mount?: Mount, layer?: Layer, holder?: Dir) {
    this.node = node;
    this.name = name;
    this.parent = parent;
    this.mount = mount;
    this.layer = layer;
    this.holder = holder;
  }

  get path(): string {
    if (!this.parent) return '/';
    const above = this.parent.path;
    return above === '/' ? `/${this.name}` : `${above}/${this.name}`;
  }

  /** What a subject may do here; the root can be seen by every tier. */
  right(subject: Subject): Right {
    if (subject.tier === 'operator') return 'w';
    if (!this.parent) return 'r';
    // In a union the layer that holds the name speaks for it; a mount point is an entry of the directory above.
    return rightIn(this.holder ?? this.parent.node, this.name, subject, this.parent.right(subject));
  }

  /** Throws ESTALE when something on the way here is gone or was unmounted. */
  check(): void {
    const { layer, parent } = this;
    if (layer && !layer.live) throw new Errno('ESTALE', `${this.path}: unmounted`);
    if (this.node.gone || layer?.node.gone) throw new Errno('ESTALE', `${this.path} is gone`);
    // Directly in a mounted directory its own layer speaks for that directory: of a union another layer may have gone.
    if (layer && !this.mount) parent?.parent?.check();
    else parent?.check();
  }
}

/** What a subject may do with an entry of a directory on which it has the right `own`. */
export const rightIn = (directory: Node, name: string, subject: Subject, own: Right): Right =>
  rightOf(subject, directory.kind === 'dir' ? directory.access?.(name) : undefined, own);
