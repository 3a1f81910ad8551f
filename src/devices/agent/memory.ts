import { Verbs } from '../../files/verbs.ts';
import type { AgentContext } from './agent-dir.ts';

/** Commands to what the agent remembers. */
export const ctl = ({ agent, server }: AgentContext): Verbs =>
  new Verbs(server.world, [
    {
      name: 'forget',
      args: 'GLOB',
      says: 'delete notes, episodes and conversations, for good',
      run: async ([pattern]) => {
        const { length } = await agent.memory.forget(pattern!);
        return length === 0 ? `forgot nothing: no memory matches ${pattern}` : `forgot ${length}`;
      },
    },
    {
      name: 'compact',
      args: '',
      says: 'fold old episodes into one summary, a line each',
      run: async () => {
        const folded = await agent.memory.compact();
        return folded === 0 ? 'nothing is old enough to be folded' : `folded ${folded}`;
      },
    },
  ]);
