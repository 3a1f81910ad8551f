import { agent as agentSubject } from '../kernel/subject.ts';
import { textIn } from './text-in.ts';
import type { Tool } from './tools.ts';

/** A message to another agent of this server, or to the operator. It goes out with the commit of the tick. */
export const tell: Tool = {
  name: 'tell',
  description: 'Sends a message to another agent of this server by its name, or to "operator".',
  schema: {
    type: 'object',
    properties: { to: { type: 'string' }, text: { type: 'string' } },
    required: ['to', 'text'],
    additionalProperties: false,
  },
  run: async (input, { agent, effects }) => {
    const to = textIn(input, 'to');
    const { id, effects: made } = await agent.sending.tell(to, textIn(input, 'text'));
    effects.push(...made);
    return `told ${to} (${id})`;
  },
};

/** Something the agent is to reach from now on. It ticks for it after this tick. */
export const goal: Tool = {
  name: 'goal',
  description: 'Sets a goal of your own: what is to be reached, in a sentence or more.',
  schema: {
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  },
  run: (input, { agent, effects }) => {
    const { name, effect } = agent.goals.offer(textIn(input, 'text'), agentSubject(agent.name));
    effects.push(effect);
    return `goals/${name}`;
  },
};
