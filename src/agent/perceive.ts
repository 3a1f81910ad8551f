import type { Perceived } from '../drivers/model/model.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import { recall } from './prompt.ts';

/** What a source may look at. `message`: the one that is about to be worked on. */
export interface Perceiving {
  readonly agent: Agent;
  readonly host: Host;
  readonly message: Message;
}

/** Something an agent perceives besides its messages. Each bounds what it gives. */
export type Source = (context: Perceiving) => readonly Perceived[] | Promise<readonly Perceived[]>;

/** In the order the model is shown it: who the agent is, what it wants, what it remembers. */
const sources: readonly Source[] = [({ agent }) => recall(agent.notes)];

export const perceive = async (context: Perceiving): Promise<Perceived[]> => {
  const perceived: Perceived[] = [];
  for (const source of sources) perceived.push(...(await source(context)));
  return perceived;
};
