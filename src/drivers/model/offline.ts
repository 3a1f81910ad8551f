import type { Model, Reply, Request } from './model.ts';

/** Pieces an answer is handed out in at most: a long quotation would otherwise flood the trace. */
const PIECES = 256;

/**
 * No language model: the same input gives the same paragraph, which quotes the message once and names what was
 * perceived. It makes the whole machine run without a network and never pretends to have understood.
 */
export class Offline implements Model {
  readonly name = 'offline';
  readonly real = false;

  async turn({ messages, perceived, signal, onText }: Request): Promise<Reply> {
    const message = (messages.at(-1)?.text ?? '').replace(/\s+/g, ' ').trim();
    const text = `${answer(message, [...new Set(perceived.map(({ path }) => path))])}\n`;
    for (const piece of pieces(text)) {
      signal.throwIfAborted();
      onText(piece);
    }
    return { text, usage: { input: words(message), output: words(text) } };
  }
}

const answer = (message: string, paths: readonly string[]): string => {
  const memories = paths.length === 0 ? 'no memories' : paths.join(', ');
  return `The offline model answers, which is no language model. The message was: “${message}”. Perceived: ${memories}.`;
};

/** What stands for tokens where there is no tokeniser. */
const words = (text: string): number => text.match(/\S+/g)?.length ?? 0;

const pieces = (text: string): string[] => {
  const all = text.match(/\S+\s*/g) ?? [];
  const many = Math.ceil(all.length / PIECES);
  if (many <= 1) return all;
  return Array.from({ length: Math.ceil(all.length / many) }, (_, index) =>
    all.slice(index * many, (index + 1) * many).join(''),
  );
};
