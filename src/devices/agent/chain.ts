import { Text } from '../../files/text.ts';
import { lines } from '../render.ts';
import type { AgentContext } from './agent-dir.ts';

/** What the trajectory hangs between: number and hash of the record before the oldest kept, and of the newest. */
export const chain = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, () => {
    const { anchor, head } = agent.trajectory.chain;
    return lines({ anchor: `${anchor.seq} ${anchor.hash}`, head: `${head.seq} ${head.hash}` });
  });
