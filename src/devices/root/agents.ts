import type { Row } from '../../agent/rows.ts';
import { Errno } from '../../kernel/errno.ts';
import { S_IFDIR } from '../../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { Stamp } from '../../files/stamp.ts';
import { qidOf, type AgentDir } from '../agent/agent-dir.ts';
import type { Server } from '../server.ts';

/** `mkdir` defines an agent, `rmdir` archives it, `mv` renames an idle one. */
export class AgentsDir implements Dir {
  readonly kind = 'dir';
  readonly cached = true;
  readonly #server: Server;
  readonly #stamp: Stamp;
  readonly #dirOf: (row: Row) => AgentDir;

  constructor(server: Server, dirOf: (row: Row) => AgentDir) {
    this.#server = server;
    this.#dirOf = dirOf;
    this.#stamp = new Stamp(server.world);
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFDIR | 0o755, 0);
  }

  lookup(name: string): Node | undefined {
    const row = this.#server.agents.row(name);
    return row && this.#dirOf(row);
  }

  *list(): Iterable<Entry> {
    for (const row of this.#server.agents.list()) yield { name: row.name, qid: qidOf(row), mode: S_IFDIR };
  }

  async mkdir(name: string, _mode: number, { subject }: Request): Promise<Dir> {
    await this.#server.agents.define(name, subject);
    return this.#dirOf(this.#server.agents.row(name)!);
  }

  create(name: string): never {
    throw new Errno('EPERM', `an agent is a directory: mkdir ${name}`);
  }

  async remove(name: string, _directory: boolean, { subject }: Request): Promise<void> {
    await this.#server.agents.archive(name, subject);
  }

  rename(name: string, _to: Dir, newName: string, _flags: number, { subject }: Request): Awaitable<void> {
    return this.#server.agents.rename(name, newName, subject);
  }

  /** A name came, went or means another agent now. */
  changed(name: string): void {
    this.#stamp.touch();
    this.#server.world.changes.entry(this.#stamp.qid, name);
  }
}
