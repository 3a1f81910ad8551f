import type { Agent } from '../../agent/agent.ts';
import { Table, type Row } from '../../files/dir.ts';
import type { Values } from '../../files/values.ts';
import type { Server } from '../server.ts';

/** What the files of one agent are made of. */
export interface AgentContext {
  readonly agent: Agent;
  readonly server: Server;
}

/** One agent's directory. It is gone for good when the agent is. */
export class AgentDir extends Table<AgentContext> {
  constructor(server: Server, rows: readonly Row<AgentContext>[], agent: Agent) {
    super(
      server.world,
      rows,
      { agent, server },
      { refused: ({ path, error }) => agent.refused(path, error), gone: () => agent.gone },
    );
  }

  /** A note changed by whatever way: who cached it must ask again. */
  noteChanged(path: string): void {
    const names = path.split('/').filter(Boolean);
    const name = names.pop();
    const memory = this.made('memory');
    const notes = memory instanceof Table ? (memory.made('notes') as Values | undefined) : undefined;
    if (name !== undefined) notes?.below(names)?.changed(name);
  }
}
