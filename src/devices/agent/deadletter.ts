import { unpack } from '../../agent/pack.ts';
import type { DeadHead } from '../../agent/dead-letters.ts';
import { Listing } from '../../files/listing.ts';
import { Verbs } from '../../files/verbs.ts';
import type { Node } from '../../kernel/node.ts';
import type { AgentContext } from './agent-dir.ts';

/** What becomes of a dead letter. */
export const deadletterCtl = ({ agent: { dead }, server }: AgentContext): Verbs =>
  new Verbs(server.world, [
    {
      name: 'replay',
      args: 'ID',
      says: 'its message comes in again; says the number of its new job',
      run: async ([id]) => `job ${await dead.replay(id!)}`,
    },
    {
      name: 'discard',
      args: 'ID',
      says: 'forget it',
      run: async ([id]) => {
        await dead.discard(id!);
        return undefined;
      },
    },
  ]);

/** Messages that could not be taken, or failed for good: the reason as headers, then the message. */
export const deadletter = (
  { agent: { dead }, server: { world } }: AgentContext,
  fixed: Readonly<Record<string, Node>>,
): Listing =>
  new Listing(
    world,
    {
      names: () => dead.names(),
      has: (name) => dead.has(name),
      at: (name) => Date.parse(dead.head(name)?.time ?? ''),
      content: (name) => {
        const letter = dead.get(name);
        if (!letter) return undefined;
        const { head, bytes } = unpack(letter);
        const { time, code, reason, attempts, message } = head as DeadHead;
        const why = reason.replace(/[\s\p{Cc}]+/gu, ' ').trim();
        const headers = [`Dead: ${time}`, `Error: ${code}: ${why}`, `Attempts: ${attempts}`, `Job: ${message.job}`];
        return Buffer.concat([Buffer.from(`${headers.join('\n')}\n`), bytes]);
      },
      remove: (name) => dead.discard(name),
    },
    fixed,
  );
