import { Listing } from '../../files/listing.ts';
import { Log } from '../../files/log.ts';
import { Text } from '../../files/text.ts';
import type { AgentContext } from './agent-dir.ts';

/** What the agent said: all of it as a log, the newest text, one file a message. */
export const outbox = ({ agent: { outbox: sent }, server: { world } }: AgentContext): Listing =>
  new Listing(
    world,
    {
      names: () => sent.names(),
      has: (name) => sent.has(name),
      at: (name) => sent.date(name),
      content: (name) => sent.document(name),
    },
    { log: new Log(world, sent.log), last: new Text(world, () => sent.last) },
  );
