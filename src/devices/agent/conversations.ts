import type { Conversation } from '../../agent/memory/conversation.ts';
import { Listing } from '../../files/listing.ts';
import { Log } from '../../files/log.ts';
import type { AgentContext } from './agent-dir.ts';

/** Who said what: a log a conversation. */
export const conversations = ({ agent, server: { world } }: AgentContext): Listing => {
  const { conversations: kept } = agent.memory;
  const logs = new WeakMap<Conversation, Log>();
  return new Listing(world, {
    names: () => kept.names(),
    has: (name) => kept.has(name),
    at: () => undefined,
    content: () => undefined,
    node: (name) => {
      const conversation = kept.get(name);
      if (!conversation) return undefined;
      const log = logs.get(conversation) ?? new Log(world, conversation);
      logs.set(conversation, log);
      return log;
    },
  });
};
