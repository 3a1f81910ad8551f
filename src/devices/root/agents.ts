import type { Agent } from '../../agent/agent.ts';
import { Errno } from '../../kernel/errno.ts';
import { S_IFDIR } from '../../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { Stamp } from '../../files/stamp.ts';
import type { AgentDir } from '../agent/agent-dir.ts';
import type { Server } from '../server.ts';

/** `mkdir` defines an agent, `rmdir` archives it, `mv` renames an idle one. */
export class AgentsDir implements Dir {
  readonly kind = 'dir';
  readonly cached = true;
  readonly #server: Server;
  readonly #stamp: Stamp;
  readonly #dirOf: (agent: Agent) => AgentDir;

  constructor(server: Server, dirOf: (agent: Agent) => AgentDir) {
    this.#server = server;
    this.#dirOf = dirOf;
    this.#stamp = new Stamp(server.world);
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFDIR | 0o755, 0);
  }

  lookup(name: string): Node | undefined {
    const agent = this.#server.agents.get(name);
    return agent && this.#dirOf(agent);
  }

  *list(): Iterable<Entry> {
    for (const agent of this.#server.agents.list()) {
      yield { name: agent.name, qid: this.#dirOf(agent).stamp.qid, mode: S_IFDIR };
    }
  }

  async mkdir(name: string, _mode: number, { subject }: Request): Promise<Dir> {
    return this.#dirOf(await this.#server.agents.define(name, subject));
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
