import { MESSAGE, type InboxStage } from '../../agent/inbox.ts';
import type { Staged } from '../../files/document.ts';
import { New } from '../../files/new.ts';
import { Queue } from '../../files/queue.ts';
import type { Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import type { AgentContext } from './agent-dir.ts';

const template = `Subject: what it is about
Priority: normal

Write a message like this one: header lines (To, Subject, In-Reply-To, Id, Priority, Expires), an empty line,
the text. Without an empty line after them nothing is a header and everything is text:
  echo 'hello there' > new
`;

const stage = async ({ agent }: AgentContext, content: Uint8Array, by: Request, name?: string): Promise<Staged> => {
  const { inbox: messages } = agent;
  const staged: InboxStage = await messages.stage(content, { origin: by.subject, name });
  return {
    publish: () => messages.publish(staged),
    drop: () => messages.discardStage(staged),
  };
};

/** `new`: a message under a name of the server's choice. */
export const newMessage = (context: AgentContext): New =>
  new New(context.server.world, {
    template,
    limit: MESSAGE,
    room: () => context.agent.inbox.assertRoom(),
    stage: (content, by) => stage(context, content, by),
  });

/** Messages that wait, one file each, and what is fixed there. */
export const inbox = (context: AgentContext, fixed: Readonly<Record<string, Node>>): Queue => {
  const { inbox: messages } = context.agent;
  return new Queue(
    context.server.world,
    {
      limit: MESSAGE,
      *pending() {
        for (const { name } of messages.list()) yield name;
      },
      find: (name) => {
        const message = messages.get(name) ?? messages.consumed(name);
        if (!message) return undefined;
        return {
          size: message.size,
          at: message.date,
          content: () => messages.document(name) ?? new Uint8Array(0),
        };
      },
      check: (name) => messages.assertName(name),
      room: (name) => messages.assertRoom(name),
      stage: (name, content, by) => stage(context, content, by, name),
      discard: (name) => messages.discard(name),
    },
    fixed,
  );
};
