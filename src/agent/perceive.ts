import type { Perceived } from '../drivers/model/model.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';

/** What a source may look at. `message`: the one that is about to be worked on. */
export interface Perceiving {
  readonly agent: Agent;
  readonly host: Host;
  readonly message: Message;
  /** Aborts when the tick is stopped: a source gives up soon then, without failing. */
  readonly signal: AbortSignal;
}

/** Something an agent perceives besides its messages. Each bounds what it gives. */
export type Source = (context: Perceiving) => readonly Perceived[] | Promise<readonly Perceived[]>;

/** It comes first, whole: at most 20,000 characters. */
const soul: Source = ({ agent: { settings } }) =>
  settings.soul === '' ? [] : [{ kind: 'soul', path: 'identity/soul', text: settings.soul }];

/** In the order the model is shown it: who the agent is, what it wants, what it remembers. */
const sources: readonly Source[] = [
  soul,
  ({ agent }) => agent.goals.perceive(),
  ({ agent, message, signal }) => agent.memory.perceive(message, signal),
];

export const perceive = async (context: Perceiving): Promise<Perceived[]> => {
  const perceived: Perceived[] = [];
  for (const source of sources) perceived.push(...(await source(context)));
  return perceived;
};
