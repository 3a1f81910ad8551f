import { hash } from 'node:crypto';
import { Errno } from '../../kernel/errno.ts';
import type { Tool } from '../tools.ts';

/** Words and characters of a text that its note is named after. */
const WORDS = 6;
const NAME = 48;

/** The name of the note a text becomes: its first words and a few digits of its hash, so that the same text is one note. */
export const noteName = (text: string): string => {
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const begin = (words ?? ['note']).slice(0, WORDS).join('-').slice(0, NAME).replace(/-$/, '');
  return `${begin}-${hash('sha256', text).slice(0, 8)}`;
};

/** A note of what the model wants to know later; it is there with the commit of the tick, and perceived from the next one on. */
export const remember: Tool = {
  name: 'remember',
  description: 'Write a note to yourself. You are shown it again when it has to do with a message.',
  schema: {
    type: 'object',
    properties: { text: { type: 'string', minLength: 1, maxLength: 262_144, description: 'What to remember.' } },
    required: ['text'],
    additionalProperties: false,
  },
  run: ({ text }, { agent, effects }) => {
    if (typeof text !== 'string' || text.trim() === '')
      throw new Errno('EINVAL', "'text' is missing: what to remember");
    const trimmed = text.trim();
    const name = noteName(trimmed);
    effects.push(agent.notes.offer(name, Buffer.from(`${trimmed}\n`)));
    return `remembered as memory/notes/${name}`;
  },
};
