import { Listing } from '../../files/listing.ts';
import type { AgentContext } from './agent-dir.ts';

const SUMMARY = 'summary.md';

const number = (name: string): number => Number(/^([1-9]\d{0,14})\.md$/.exec(name)?.[1] ?? 0);

/** What the ticks did: a document each, and what is left of older ones. */
export const episodes = ({ agent, server: { world } }: AgentContext): Listing => {
  const { episodes: kept } = agent.memory;
  return new Listing(world, {
    *names() {
      for (const found of kept.numbers()) yield `${found}.md`;
      if (kept.summary() !== undefined) yield SUMMARY;
    },
    has: (name) => (name === SUMMARY ? kept.summary() !== undefined : kept.has(number(name))),
    at: (name) => kept.at(number(name)),
    content: (name) => (name === SUMMARY ? kept.summary() : kept.text(number(name))),
  });
};
