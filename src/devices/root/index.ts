import { Text } from '../../files/text.ts';
import type { Server } from '../server.ts';

const columns = ['name', 'state', 'tick', 'queue', 'approvals', 'spent', 'last'] as const;

/** A header line, then one tab-separated line an agent. Approvals and money are 0 until there is something that asks or costs. */
export const index = ({ world, agents }: Server): Text =>
  new Text(world, () => {
    const rows = agents
      .index()
      .map(({ name, state, tick, queue, last }) => [name, state, tick, queue, 0, 0, last].join('\t'));
    return [columns.join('\t'), ...rows].map((row) => `${row}\n`).join('');
  });
