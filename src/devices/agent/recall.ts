import { recallText } from '../../agent/memory/recall.ts';
import { Text } from '../../files/text.ts';
import type { AgentContext } from './agent-dir.ts';

/** What the next tick will be shown of what the agent remembers. */
export const recall = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, async () => recallText(await agent.memory.preview()));
