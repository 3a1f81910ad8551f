import { MESSAGE } from '../../agent/inbox.ts';
import { Listing } from '../../files/listing.ts';
import { New } from '../../files/new.ts';
import { Text } from '../../files/text.ts';
import type { Node } from '../../kernel/node.ts';
import type { AgentContext } from './agent-dir.ts';

/** The text of the newest message, without headers. */
export const last = ({ agent, server }: AgentContext): Text => new Text(server.world, () => agent.outbox.last);

const template = `To: bob
Subject: what it is about

Write a message like this one: a To line (an agent of this server, or operator), perhaps Subject, In-Reply-To, Id, Priority
and Expires lines, an empty line, the text:
  printf 'To: bob\\n\\nhello there\\n' > new
`;

/** `new`: a message from the agent whose outbox it is, whoever writes it. */
export const newOutgoing = ({ agent: { sending }, server }: AgentContext): New =>
  new New(server.world, {
    template,
    limit: MESSAGE,
    stage: async (content) => {
      const staged = await sending.stage(content);
      return { publish: () => sending.publish(staged), drop: () => sending.discardStage(staged) };
    },
  });

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
