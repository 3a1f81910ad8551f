import type { Perceived } from '../drivers/model/model.ts';
import { quote } from './memory/episode.ts';

const heads = { goal: 'Goal', memory: 'Memory' } as const;

/** What a model is told about itself before the conversation. Memories are quoted: nothing in one can pass for another. */
export const system = (name: string, perceived: readonly Perceived[]): string =>
  [`You are ${name}, an agent. You answer the message you are given.`]
    .concat(
      perceived.map(({ kind, path, text }) => (kind === 'soul' ? text : `${heads[kind]} ${path}:\n${quote(text)}`)),
    )
    .join('\n\n');
