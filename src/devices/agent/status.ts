import { Text } from '../../files/text.ts';
import { json, lines } from '../render.ts';
import type { AgentContext } from './agent-dir.ts';

/** How the agent is, for people. */
export const status = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, () => lines({ ...agent.status() }));

/** The same for programs. */
export const statusJson = ({ agent, server }: AgentContext): Text => new Text(server.world, () => json(agent.status()));
