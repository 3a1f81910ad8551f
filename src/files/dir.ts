import { Errno } from '../kernel/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, Failure, File, Handle, Node } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import type { Access, Right } from '../kernel/subject.ts';
import { isScratch, Scratch } from './scratch.ts';
import { entriesOf, Stamp } from './stamp.ts';
import { Value } from './value.ts';
import type { World } from './world.ts';

/** The kinds of file that stand in help; `dir` is a table or a directory of many things alike. */
export type Kind =
  'text' | 'value' | 'verbs' | 'log' | 'stream' | 'await' | 'call' | 'new' | 'sink' | 'queue' | 'dir' | 'host' | 'link';

/**
 * A line of a directory table, which is its documentation: the name, its kind, what an agent and an observer may do
 * with it, one sentence, and what makes it. `hidden` can be walked to but stands in no listing.
 */
export interface Row<Context> {
  readonly name: string;
  readonly kind: Kind;
  readonly agent: Right;
  readonly observer: Right;
  readonly says: string;
  readonly hidden?: boolean;
  /** Where it is not always there: `hidden` can be walked to and stands in no listing, `absent` neither. */
  readonly shown?: (context: Context) => 'listed' | 'hidden' | 'absent';
  /** Absent: a line for names that the directory itself makes of what it holds (`NAME`, `N.json`). */
  readonly make?: (context: Context) => Node;
  /** The lines of the table below, for help. */
  readonly rows?: readonly Row<never>[];
}

/** The nodes of the lines that are made once, by name: the fixed part of a directory that also holds what comes and goes. */
export const fixed = <Context>(rows: readonly Row<Context>[], context: Context): Record<string, Node> =>
  Object.fromEntries(rows.flatMap(({ name, make }) => (make ? [[name, make(context)]] : [])));

const typeOf = (kind: Kind): number =>
  kind === 'dir' || kind === 'queue' || kind === 'host' ? S_IFDIR : kind === 'link' ? S_IFLNK : S_IFREG;

export interface TableOptions {
  /** Hears of every refused or failed change below. */
  refused?: (failure: Failure) => void;
  /** True once what the directory stands for is gone for good. */
  gone?: () => boolean;
  /** Where another node stands for this directory: its number and times. */
  stamp?: Stamp;
}

/** A fixed directory made of the lines of a table. Each node is made when it is first looked up, and kept. */
export class Table<Context> implements Dir {
  readonly kind = 'dir';
  readonly cached: boolean = true;
  readonly stamp: Stamp;
  readonly refused?: (failure: Failure) => void;
  readonly #context: Context;
  readonly #rows: ReadonlyMap<string, Row<Context>>;
  readonly #made = new Map<string, Node>();
  readonly #scratch: Scratch | undefined;
  readonly #options: TableOptions;
  readonly #world: World;

  constructor(world: World, rows: readonly Row<Context>[], context: Context, options: TableOptions = {}) {
    this.#world = world;
    this.#context = context;
    this.#rows = new Map(rows.filter(({ make }) => make).map((row) => [row.name, row]));
    this.#options = options;
    this.stamp = options.stamp ?? new Stamp(world);
    if (options.refused) this.refused = options.refused;
    // Editors write beside a value; where there is none, an unknown name is refused.
    this.#scratch = rows.some(({ kind, make }) => make && kind === 'value') ? new Scratch(world) : undefined;
  }

  get gone(): boolean {
    return this.#options.gone?.() ?? false;
  }

  get qid(): number {
    return this.stamp.qid;
  }

  stat(): Attributes {
    return this.stamp.attributes(S_IFDIR | 0o755, 0);
  }

  access(name: string): Access | undefined {
    return this.#rows.get(name);
  }

  lookup(name: string): Node | undefined {
    const row = this.#rows.get(name);
    if (!row || row.shown?.(this.#context) === 'absent') return this.#scratch?.find(name);
    const made = this.#made.get(name);
    if (made) return made;
    const node = row.make!(this.#context);
    this.#made.set(name, node);
    return node;
  }

  /** The node under a name, if it was ever looked up. */
  made(name: string): Node | undefined {
    return this.#made.get(name);
  }

  /** What a line makes would be another node now: it is made anew at the next look. */
  remake(name: string): void {
    this.#made.delete(name);
    this.#world.changes.entry(this.stamp.qid, name);
  }

  /** What the lines stand for is another thing now: what was made of them is gone, for whoever holds it, but for `kept`. */
  retire(kept: readonly string[] = []): void {
    for (const [name, node] of this.#made) {
      if (kept.includes(name)) continue;
      Object.defineProperty(node, 'gone', { value: true });
      this.#world.changes.entry(this.stamp.qid, name);
    }
    this.#made.clear();
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    const rows = [...this.#rows.values()].filter(
      ({ hidden, shown }) => !hidden && (shown?.(this.#context) ?? 'listed') === 'listed',
    );
    const lines = rows.map(({ name, kind }) => ({ name, mode: typeOf(kind), node: this.lookup(name)! }));
    return soon(entriesOf(lines, request), (entries) => [...entries, ...(this.#scratch?.list(request) ?? [])]);
  }

  create(name: string, flags: number, _mode: number, request: Request): { node: File; handle: Handle } {
    if (!this.#scratch || !isScratch(name)) throw new Errno('EPERM', `this directory is fixed: no ${name} here`);
    this.#world.changes.entry(this.stamp.qid, name);
    return this.#scratch.create(name, flags, request);
  }

  remove(name: string): void {
    if (!this.#scratch?.find(name))
      throw new Errno('EPERM', `${name} is part of this directory; an agent is removed with rmdir`);
    this.#scratch.delete(name);
    this.#world.changes.entry(this.stamp.qid, name);
  }

  /** An editor that saves: scratch over a value is a write of the value, a value to scratch is a copy. */
  rename(name: string, _to: Dir, newName: string, _flags: number, request: Request): Awaitable<void> {
    const file = this.#scratch?.find(name);
    const target = this.lookup(newName);
    const source = this.lookup(name);
    if (file && target instanceof Value) {
      return soon(target.replace(file.content, request), () => this.#scratch?.delete(name));
    }
    if (file && isScratch(newName)) {
      this.#scratch?.delete(name);
      this.#scratch?.set(newName, file);
      return;
    }
    if (source instanceof Value && this.#scratch && isScratch(newName)) {
      const moved = (): void => this.#world.changes.entry(this.stamp.qid, newName);
      return copy(source, newName, this.#scratch, request, moved);
    }
    throw new Errno('EPERM', `${name} cannot become ${newName} here`);
  }
}

/**
 * A value renamed to a scratch name stays, and the scratch file has its content. The kernel believes that the value
 * moved: it has to look the new name up again.
 */
export const copy = (
  source: Value,
  name: string,
  scratch: Scratch,
  request: Request,
  moved: () => void,
): Awaitable<void> =>
  soon(source.content(request), (content) => {
    const { node } = scratch.create(name, 0, request);
    node.content = Buffer.from(content);
    moved();
  });
