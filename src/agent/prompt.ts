import type { Perceived } from '../drivers/model/model.ts';
import type { Notes } from './notes.ts';
import { cut } from './text.ts';

/** Notes a tick perceives, and bytes of them in all. */
const MANY = 64;
const BYTES = 65_536;

/** The memories a tick is shown: notes by path, until there are too many. */
export const recall = (notes: Notes): Perceived[] => {
  const perceived: Perceived[] = [];
  let left = BYTES;
  for (const path of notes.paths().slice(0, MANY)) {
    const bytes = notes.read(path);
    perceived.push({ kind: 'memory', path: `memory/notes/${path}`, text: cut(Buffer.from(bytes).toString(), left) });
    left -= bytes.length;
    // The rest is not read either: 64 large notes would hold up everybody at each tick.
    if (left <= 0) break;
  }
  return perceived;
};

/** What a model is told about itself before the conversation. */
export const system = (name: string, perceived: readonly Perceived[]): string =>
  [`You are ${name}, an agent. You answer the message you are given.`]
    .concat(perceived.map(({ path, text }) => `Memory ${path}:\n${text}`))
    .join('\n\n');
