import type { Changes } from './changes.ts';
import { Errno } from './errno.ts';
import type { Awaitable, Dir, Entry, Node } from './node.ts';
import { Place, type Layer, type Mount } from './place.ts';
import type { Request } from './request.ts';
import { soon } from './soon.ts';

/** Where a new directory goes in the union: instead of it, before it, after it (bind(1) of Plan 9: -b, -a). */
export type Order = 'replace' | 'before' | 'after';

export interface BindOptions {
  order?: Order;
  /** New names are made here (-c). */
  create?: boolean;
}

/** Finds the directory a source names: `#device` or `#device/argument`, or an address for mount. Throws ENOENT, ENOTSUP. */
export type Sources = (source: string, request: Request) => Awaitable<Dir>;

/**
 * One client's view: what is where. A table from covered node to mount, as in Plan 9; several directories on one place
 * are a union, searched in order. Changing it changes what may be reached at once, open handles included.
 */
export class Namespace {
  readonly #sources: Sources;
  readonly #changes: Changes;
  readonly #mounts = new Map<Node, Mount>();
  #root: Place | undefined;
  /** The lines that made it, in order: what `mounts` shows. */
  #lines: { verb: 'bind' | 'mount'; flags: string; source: string; target: string }[] = [];

  constructor(sources: Sources, changes: Changes) {
    this.#sources = sources;
    this.#changes = changes;
  }

  /** ENOENT until something is bound on `/`. */
  get root(): Place {
    if (!this.#root) throw new Errno('ENOENT', 'nothing is mounted here');
    return this.#root;
  }

  /** Puts a source (`#device`, or a path of this namespace) at a target path. ENOENT, ENOTDIR as walking has it. */
  async bind(source: string, target: string, options: BindOptions, request: Request): Promise<void> {
    const node = source.startsWith('#') ? await this.#sources(source, request) : await this.#directory(source, request);
    await this.#cover('bind', source, node, target, options, request);
  }

  /** Puts another server's tree at a target path; the address goes to the sources. */
  async mount(address: string, target: string, options: BindOptions, request: Request): Promise<void> {
    await this.#cover('mount', address, await this.#sources(address, request), target, options, request);
  }

  /** Uncovers a target, or takes one source out of the union there. EINVAL where nothing is mounted. */
  async unmount(target: string, source: string | undefined, request: Request): Promise<void> {
    const path = clean(target);
    const place = path === '/' ? this.#root : await this.find(path, request);
    const mount = place?.mount;
    if (!place || mount?.target !== path) throw new Errno('EINVAL', `${path}: nothing is mounted there`);
    const left = source === undefined ? [] : mount.layers.filter((layer) => layer.source !== source);
    if (left.length === mount.layers.length) throw new Errno('EINVAL', `${source ?? ''} is not mounted on ${path}`);
    this.#lines = this.#lines.filter(
      (line) => line.target !== path || (source !== undefined && line.source !== source),
    );
    await this.#install(path, place, left, request);
  }

  /** The lines of a namespace file that make this namespace. */
  toString(): string {
    return this.#lines
      .map(({ verb, flags, source, target }) => `${verb} ${flags}${quoted(source)} ${quoted(target)}\n`)
      .join('');
  }

  /** One step down. undefined: no such name. Never follows a link. */
  step(place: Place, name: string, request: Request): Awaitable<Place | undefined> {
    const { node, mount } = place;
    if (node.kind !== 'dir') throw new Errno('ENOTDIR', `${place.path} is not a directory`);
    if (mount && mount.layers.length > 1) {
      return soon(
        holding(mount.layers, name, request),
        (found) => found && this.#at(found.child, name, place, found.layer),
      );
    }
    return soon(node.lookup(name, request), (child) => child && this.#at(child, name, place, mount?.layers[0]));
  }

  #at(child: Node, name: string, parent: Place, layer?: Layer): Place {
    const mount = this.#mounts.size === 0 ? undefined : this.#mounts.get(child);
    if (!mount) return new Place(child, name, parent, undefined, layer, layer?.node);
    const [top] = mount.layers;
    return new Place(top!.node, name, parent, mount, top, layer?.node);
  }

  /** The place of a node that was just made in one of the directories of a place. */
  made(node: Node, name: string, parent: Place, directory: Dir): Place {
    const layer = parent.mount?.layers.find(({ node: own }) => own === directory);
    return new Place(node, name, parent, undefined, layer, layer?.node);
  }

  /**
   * Every entry of a directory that `seen` says yes to, asked with the directory that holds it. Unions are merged: the
   * first layer that has a name wins. A place that is covered is listed as what covers it.
   */
  list(place: Place, seen: (holder: Dir, entry: Entry) => boolean, request: Request): Awaitable<Iterable<Entry>> {
    const { node, mount } = place;
    if (node.kind !== 'dir') throw new Errno('ENOTDIR');
    const listed =
      !mount || mount.layers.length < 2
        ? soon(node.list(request), (list) => [...list].filter((entry) => seen(node, entry)))
        : union(mount.layers, seen, request);
    return this.#mounts.size === 0 ? listed : soon(listed, (entries) => this.#covered(place, entries, request));
  }

  async #covered(place: Place, entries: readonly Entry[], request: Request): Promise<Entry[]> {
    const shown = new Map(entries.map((entry) => [entry.name, entry]));
    for (const { name, parent, layers } of this.#mounts.values()) {
      const entry = parent === place.node ? shown.get(name) : undefined;
      if (entry) shown.set(name, { ...entry, qid: (await layers[0]!.node.stat(request)).qid });
    }
    return [...shown.values()];
  }

  /** The directory of a place in which new names are made. EPERM where the union has none for that. */
  target(place: Place): Dir {
    const { node, mount } = place;
    if (node.kind !== 'dir') throw new Errno('ENOTDIR', `${place.path} is not a directory`);
    if (!mount || mount.layers.length < 2) return node;
    const layer = mount.layers.find(({ create }) => create);
    if (!layer) throw new Errno('EPERM', `no directory of the union ${place.path} takes new names`);
    return layer.node;
  }

  /** The directory of a place that holds a name: in a union the first that has it. */
  holder(place: Place, name: string, request: Request): Awaitable<Dir> {
    const { node, mount } = place;
    if (node.kind !== 'dir') throw new Errno('ENOTDIR', `${place.path} is not a directory`);
    if (!mount || mount.layers.length < 2) return node;
    return soon(holding(mount.layers, name, request), (found) => found?.layer.node ?? node);
  }

  /** An absolute path without following links. ENOENT, ENOTDIR. */
  async find(path: string, request: Request): Promise<Place> {
    let place = this.root;
    for (const name of clean(path).split('/').filter(Boolean)) {
      const next = await this.step(place, name, request);
      if (!next) throw new Errno('ENOENT', `${path}: no such place`);
      place = next;
    }
    return place;
  }

  async #directory(path: string, request: Request): Promise<Dir> {
    const { node } = await this.find(path, request);
    if (node.kind !== 'dir') throw new Errno('ENOTDIR', `${path} is not a directory`);
    return node;
  }

  async #cover(
    verb: 'bind' | 'mount',
    source: string,
    node: Dir,
    target: string,
    options: BindOptions,
    request: Request,
  ): Promise<void> {
    const { order = 'replace', create = false } = options;
    const path = clean(target);
    const place = path === '/' ? this.#root : await this.find(path, request);
    if (place && place.node.kind !== 'dir') throw new Errno('ENOTDIR', `${path} is not a directory`);
    const layer: Layer = { source, node, create, live: true };
    const present = place?.mount?.target === path ? place.mount.layers : under(place);
    const layers = order === 'replace' ? [layer] : order === 'before' ? [layer, ...present] : [...present, layer];
    const flags = (order === 'before' ? 'b' : order === 'after' ? 'a' : '') + (create ? 'c' : '');
    if (order === 'replace') this.#lines = this.#lines.filter((line) => line.target !== path);
    this.#lines.push({ verb, flags: flags && `-${flags} `, source, target: path });
    await this.#install(path, place, layers, request);
  }

  /** What is no longer among the layers dies; what stays, lives on with its open handles. */
  async #install(path: string, place: Place | undefined, layers: Layer[], request: Request): Promise<void> {
    const old = place?.mount?.target === path ? place.mount : undefined;
    const before = old?.layers ?? [];
    for (const layer of before) if (!layers.includes(layer)) layer.live = false;
    const covered = [...this.#mounts].find(([, mount]) => mount === old)?.[0] ?? place?.node;
    const mount: Mount | undefined =
      layers.length > 0 ? { target: path, name: place?.name ?? '', parent: place?.parent?.node, layers } : undefined;
    if (old && mount) old.layers = layers;
    if (path === '/') this.#root = mount && new Place(layers[0]!.node, '', undefined, old ?? mount, layers[0]);
    else if (!mount) this.#mounts.delete(covered!);
    else if (!old) this.#mounts.set(covered!, mount);
    const above = place?.parent;
    if (above) this.#changes.entry((await above.node.stat(request)).qid, place.name);
    else if (place) await this.#announce(place, [...before, ...layers], request);
  }

  /** The root has no name that could be announced: every name in it may mean something else now. */
  async #announce(root: Place, layers: readonly Layer[], request: Request): Promise<void> {
    const { qid } = await root.node.stat(request);
    for (const { node } of new Set(layers)) {
      for (const { name } of await node.list(request)) this.#changes.entry(qid, name);
    }
  }
}

/** The directory a union is made over stays in it and takes new names, unless a layer with -c stands before it. */
const under = (place: Place | undefined): Layer[] =>
  place?.node.kind === 'dir' ? [{ source: place.path, node: place.node, create: true, live: true }] : [];

const holding = async (
  layers: readonly Layer[],
  name: string,
  request: Request,
): Promise<{ layer: Layer; child: Node } | undefined> => {
  for (const layer of layers) {
    const child = await layer.node.lookup(name, request);
    if (child) return { layer, child };
  }
  return undefined;
};

const union = async (
  layers: readonly Layer[],
  seen: (holder: Dir, entry: Entry) => boolean,
  request: Request,
): Promise<Entry[]> => {
  const entries = new Map<string, { holder: Dir; entry: Entry }>();
  for (const { node: holder } of layers) {
    for (const entry of await holder.list(request)) {
      if (!entries.has(entry.name)) entries.set(entry.name, { holder, entry });
    }
  }
  return [...entries.values()].filter(({ holder, entry }) => seen(holder, entry)).map(({ entry }) => entry);
};

/** A word as a namespace file has it. */
const quoted = (word: string): string => (/^[^\s'$]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`);

/** An absolute path with one slash between names and no dots. EINVAL where it is not absolute. */
export const clean = (path: string): string => {
  if (!path.startsWith('/')) throw new Errno('EINVAL', `not an absolute path: ${path}`);
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
};
