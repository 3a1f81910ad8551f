import type { Call, Model, Reply, Request, Turn } from './model.ts';

/** Pieces an answer is handed out in at most: a long quotation would otherwise flood the trace. */
const PIECES = 8;

/** Whose lines are commands. What others write is text, whatever it looks like. */
const commanders = /^(operator|schedule|goal)(:|$)/;

/** Lines that are calls: a verb, and how the rest of the line becomes the input of the tool of that name. */
const verbs: Readonly<Record<string, (rest: string) => object | undefined>> = {
  tell: (rest) => {
    const [, to, text] = /^(\S+)\s+(.+)$/.exec(rest) ?? [];
    return to === undefined ? undefined : { to, text };
  },
  remember: (text) => ({ text }),
  goal: (text) => ({ text }),
};

/**
 * No language model: the same input gives the same answer. Lines that are commands become calls, and the answer is
 * their outputs in order; anything else gets a paragraph that quotes the message once and names what was perceived. It
 * makes the whole machine run without a network and never pretends to have understood.
 */
export class Offline implements Model {
  readonly name = 'offline';
  readonly real = false;

  async turn({ messages, origin, tools, perceived, signal, onText }: Request): Promise<Reply> {
    const last = messages.at(-1);
    const told = last?.text ?? '';
    const calls =
      commanders.test(origin) && !results(last) ? commands(told, new Set(tools.map(({ name }) => name))) : [];
    if (calls.length > 0) return { text: '', calls, usage: { input: words(told), output: 0 } };
    const known = perceived.filter(({ kind }) => kind !== 'soul').map(({ path }) => path);
    const text = results(last) ?? `${paragraph(told, [...new Set(known)])}\n`;
    for (const piece of pieces(text)) {
      signal.throwIfAborted();
      onText(piece);
    }
    return { text, usage: { input: words(told), output: words(text) } };
  }
}

/** The outputs of the calls of the turn before, each on lines of its own; undefined where there were none. */
const results = (turn: Turn | undefined): string | undefined =>
  turn?.role === 'user'
    ? turn.results?.map(({ output }) => (output === '' || output.endsWith('\n') ? output : `${output}\n`)).join('')
    : undefined;

const commands = (text: string, tools: ReadonlySet<string>): Call[] => {
  const calls: Call[] = [];
  for (const line of text.split('\n')) {
    const [, name = '', rest = ''] = /^(\w+) (.*)$/.exec(line.trim()) ?? [];
    const input = tools.has(name) && Object.hasOwn(verbs, name) ? verbs[name]!(rest.trim()) : undefined;
    if (input) calls.push({ id: `call-${calls.length + 1}`, name, input });
  }
  return calls;
};

const paragraph = (told: string, paths: readonly string[]): string => {
  const message = told.replace(/\s+/g, ' ').trim();
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
