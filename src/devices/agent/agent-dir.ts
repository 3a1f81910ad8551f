import type { Agent } from '../../agent/agent.ts';
import type { Row as AgentRow } from '../../agent/rows.ts';
import { Table, type Row } from '../../files/dir.ts';
import { Stamp } from '../../files/stamp.ts';
import { Value } from '../../files/value.ts';
import { Values } from '../../files/values.ts';
import { S_IFDIR } from '../../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, Failure, File, Handle, Node } from '../../kernel/node.ts';
import { nextQid } from '../../kernel/qid.ts';
import type { Request } from '../../kernel/request.ts';
import { soon } from '../../kernel/soon.ts';
import type { Access } from '../../kernel/subject.ts';
import type { Server } from '../server.ts';

/** What the files of one agent are made of. */
export interface AgentContext {
  readonly agent: Agent;
  readonly server: Server;
  /** What lies under a name in the agent's own directory. */
  readonly beside: (name: string) => Node | undefined;
}

/**
 * One agent's directory. It is gone for good when the agent is. The agent itself is loaded when somebody looks inside;
 * its files hold it, this directory does not, so that a walk over all agents leaves none of them in memory.
 */
export class AgentDir implements Dir {
  readonly kind = 'dir';
  readonly cached = true;
  readonly stamp: Stamp;
  readonly #server: Server;
  readonly #row: AgentRow;
  readonly #rows: readonly Row<AgentContext>[];
  readonly #tables: WeakMap<Agent, Table<AgentContext>>;

  constructor(
    server: Server,
    rows: readonly Row<AgentContext>[],
    row: AgentRow,
    tables: WeakMap<Agent, Table<AgentContext>>,
  ) {
    this.#server = server;
    this.#rows = rows;
    this.#row = row;
    this.#tables = tables;
    this.stamp = new Stamp(server.world, qidOf(row));
  }

  get qid(): number {
    return this.stamp.qid;
  }

  get gone(): boolean {
    return !this.#server.agents.holds(this.#row);
  }

  stat(): Attributes {
    return this.stamp.attributes(S_IFDIR | 0o755, 0);
  }

  access(name: string): Access | undefined {
    return this.#rows.find((row) => row.name === name);
  }

  readonly refused = (failure: Failure): void => {
    if (this.gone) return;
    const told = soon(this.#server.agents.resident(this.#row), (agent) => agent.refused(failure.path, failure.error));
    if (told instanceof Promise) told.catch((error: unknown) => this.#server.agents.refused(failure.path, error));
  };

  lookup(name: string): Awaitable<Node | undefined> {
    return this.#table((table) => table.lookup(name));
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    return this.#table((table) => table.list(request));
  }

  create(name: string, flags: number, mode: number, request: Request): Awaitable<{ node: File; handle: Handle }> {
    return this.#table((table) => table.create(name, flags, mode, request));
  }

  remove(name: string): Awaitable<void> {
    return this.#table((table) => table.remove(name));
  }

  rename(name: string, to: Dir, newName: string, flags: number, request: Request): Awaitable<void> {
    return this.#table((table) => table.rename(name, to, newName, flags, request));
  }

  /** What a line makes would be another node now. */
  remake(name: string): void {
    this.#made?.remake(name);
  }

  /** A note changed by whatever way: who cached it must ask again. */
  noteChanged(path: string): void {
    const names = path.split('/').filter(Boolean);
    const name = names.pop();
    const memory = this.#made?.made('memory');
    const notes = memory instanceof Table ? (memory.made('notes') as Values | undefined) : undefined;
    if (name !== undefined) notes?.below(names)?.changed(name);
  }

  /** Views of the settings show something else now, by their paths. */
  settingsChanged(paths: readonly string[]): void {
    for (const path of paths) {
      const names = path.split('/');
      const name = names.pop()!;
      const directory = names.reduce<Node | undefined>(
        (above, next) => (above instanceof Table ? above.made(next) : undefined),
        this.#made,
      );
      if (directory instanceof Values) directory.changed(name);
      const node: Node | undefined = directory instanceof Table ? directory.made(name) : undefined;
      if (node instanceof Value) node.stamp.touch();
    }
  }

  /** Its agent left the cache: whoever remembers its files lets go of them, so that it can leave memory. */
  letGo(): void {
    const table = this.#made;
    if (!table) return;
    for (const { name } of this.#rows) if (table.made(name)) this.#server.world.changes.entry(this.qid, name);
  }

  get #made(): Table<AgentContext> | undefined {
    const { agent } = this.#row;
    return agent && this.#tables.get(agent);
  }

  #table<T>(use: (table: Table<AgentContext>) => Awaitable<T>): Awaitable<T> {
    return soon(this.#server.agents.resident(this.#row), (agent) => use(this.#of(agent)));
  }

  #of(agent: Agent): Table<AgentContext> {
    const known = this.#tables.get(agent);
    if (known) return known;
    const { stamp } = this;
    const beside = (name: string): Node | undefined => table.lookup(name);
    const context: AgentContext = { agent, server: this.#server, beside };
    const table: Table<AgentContext> = new Table(this.#server.world, this.#rows, context, { stamp });
    this.#tables.set(agent, table);
    return table;
  }
}

/** The inode number of an agent's directory, given when somebody first looks. */
export const qidOf = (row: AgentRow): number => (row.qid ||= nextQid());
