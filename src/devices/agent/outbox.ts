import { Listing } from '../../files/listing.ts';
import { Text } from '../../files/text.ts';
import type { Node } from '../../kernel/node.ts';
import type { AgentContext } from './agent-dir.ts';

/** The text of the newest message, without headers. */
export const last = ({ agent, server }: AgentContext): Text => new Text(server.world, () => agent.outbox.last);

/** What the agent said: what is fixed there, and one file a message. */
export const outbox = (
  { agent: { outbox: sent }, server: { world } }: AgentContext,
  fixed: Readonly<Record<string, Node>>,
): Listing =>
  new Listing(
    world,
    {
      names: () => sent.names(),
      has: (name) => sent.has(name),
      at: (name) => sent.date(name),
      content: (name) => sent.document(name),
    },
    fixed,
  );
