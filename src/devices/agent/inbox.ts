import type { InboxStage } from '../../agent/inbox.ts';
import type { Staged } from '../../files/document.ts';
import { New } from '../../files/new.ts';
import { Queue } from '../../files/queue.ts';
import type { Request } from '../../kernel/request.ts';
import type { AgentContext } from './agent-dir.ts';

const LIMIT = 256 * 1024;

const template = `Subject: what it is about
Priority: normal

Write a message like this one: header lines (To, Subject, In-Reply-To, Id, Priority, Expires), an empty line,
the text. Without an empty line after them nothing is a header and everything is text:
  echo 'hello there' > new
`;

/** Messages that wait, one file each, and \`new\`. */
export const inbox = ({ agent, server }: AgentContext): Queue => {
  const { inbox: messages } = agent;
  const staged = (stage: InboxStage): Staged => ({
    publish: () => messages.publish(stage),
    drop: () => messages.discardStage(stage),
  });
  const stage = async (content: Uint8Array, request: Request, name?: string): Promise<Staged> =>
    staged(await messages.stage(content, { origin: request.subject, name }));
  return new Queue(
    server.world,
    {
      limit: LIMIT,
      *pending() {
        for (const { name } of messages.list()) yield name;
      },
      find: (name) => {
        const message = messages.get(name) ?? messages.consumed(name);
        if (!message) return undefined;
        return {
          size: messages.document(name)?.length ?? 0,
          at: message.date,
          content: () => messages.document(name) ?? new Uint8Array(0),
        };
      },
      stage: (name, content, request) => stage(content, request, name),
      discard: (name) => messages.discard(name),
    },
    { new: new New(server.world, { template, limit: LIMIT, stage: (content, request) => stage(content, request) }) },
  );
};
