import { Await } from '../../files/await.ts';
import type { AgentContext } from './agent-dir.ts';

/** Returns when nothing is pending or running, or when the agent cannot go on by itself. */
export const wait = ({ agent, server: { world } }: AgentContext): Await =>
  new Await(world, async (signal) => `${await agent.settled(signal)}\n`);
