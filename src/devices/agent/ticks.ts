import type { TickRecord } from '../../agent/tick-record.ts';
import { Listing } from '../../files/listing.ts';
import type { AgentContext } from './agent-dir.ts';

const number = (name: string): number | undefined => {
  const found = /^([1-9]\d{0,15})\.json$/.exec(name);
  return found ? Number(found[1]) : undefined;
};

/** One record a tick, as JSON. */
export const ticks = ({ agent, server: { world } }: AgentContext): Listing =>
  new Listing(world, {
    *names() {
      const { first, last } = agent.ticks;
      if (last > 0) for (let tick = first; tick <= last; tick++) yield `${tick}.json`;
    },
    has: (name) => {
      const tick = number(name);
      return tick !== undefined && tick >= agent.ticks.first && tick <= agent.ticks.last;
    },
    at: (name) => {
      const record = agent.tickRecord(number(name) ?? 0);
      return record && Date.parse((JSON.parse(Buffer.from(record).toString()) as TickRecord).ended);
    },
    content: (name) => agent.tickRecord(number(name) ?? 0),
  });
