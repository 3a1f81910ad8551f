import { Errno } from '../kernel/errno.ts';
import { S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { decode, printable } from '../kernel/utf8.ts';
import { Answer } from './answer.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

const LIMIT = 64 * 1024;

/** One command: `words` are its arguments, `args` how help shows them (`NAME [MODEL]`; `...` takes the rest of the line). */
export interface Verb {
  readonly name: string;
  readonly args: string;
  readonly says: string;
  /** Must not wait for more than one store commit. What it returns is the outcome that a read shows. */
  run(words: readonly string[], request: Request): Awaitable<string | undefined>;
}

/** Commands, a line each, run in order inside the write: the only error a shell shows is the write's. */
export class Verbs implements File {
  readonly kind = 'file';
  readonly #verbs: ReadonlyMap<string, Verb>;
  readonly #stamp: Stamp;
  #outcome = '';

  constructor(world: World, verbs: readonly Verb[]) {
    this.#verbs = new Map(verbs.map((verb) => [verb.name, verb]));
    this.#stamp = new Stamp(world);
  }

  /** The commands with their arguments, then the last outcome. */
  get text(): string {
    const width = Math.max(...[...this.#verbs.values()].map((verb) => usage(verb).length));
    const lines = [...this.#verbs.values()].map((verb) => `${usage(verb).padEnd(width)}  ${verb.says}\n`);
    return lines.join('') + this.#outcome;
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o644, Buffer.byteLength(this.text));
  }

  open(): Handle {
    const shown = Buffer.from(this.text);
    let answer: Answer | undefined;
    return {
      read: (offset, count) => answer?.take(count) ?? shown.subarray(offset, offset + count),
      write: (_offset, data, request) => {
        if (data.length > LIMIT) throw new Errno('EFBIG', `more than ${LIMIT} bytes of commands in one write`);
        const lines = decode(data)
          .split('\n')
          .filter((line) => line.trim() !== '');
        // What was written is quoted: it must not steer the terminal of whoever reads it.
        const told = (outcome: string): void => {
          this.#outcome = `${printable(outcome)}\n`;
          answer = new Answer(this.#outcome);
          this.#stamp.touch();
        };
        return soon(this.#run(lines, 0, request, told), () => data.length);
      },
      truncate: () => undefined,
    };
  }

  #run(lines: readonly string[], from: number, request: Request, told: (outcome: string) => void): Awaitable<void> {
    for (let index = from; index < lines.length; index++) {
      const line = lines[index]!;
      const failed = (error: unknown): never => {
        if (!(error instanceof Errno)) throw error;
        told(`failed: ${line}: ${error.message} (${error.code})`);
        throw new Errno(error.code, `${line}: ${error.message}`, { cause: error });
      };
      let outcome: Awaitable<string | undefined>;
      try {
        outcome = this.#one(line, request);
      } catch (error) {
        return failed(error);
      }
      if (outcome instanceof Promise) {
        return outcome.then((text) => {
          told(`ok: ${text ?? line}`);
          return this.#run(lines, index + 1, request, told);
        }, failed);
      }
      told(`ok: ${outcome ?? line}`);
    }
  }

  #one(line: string, request: Request): Awaitable<string | undefined> {
    const [name = '', ...words] = line.trim().split(/\s+/);
    const verb = this.#verbs.get(name);
    if (!verb) throw new Errno('EINVAL', `no such command; there are ${[...this.#verbs.keys()].join(', ')}`);
    const [least, most] = arity(verb.args);
    if (words.length < least || words.length > most) throw new Errno('EINVAL', `usage: ${usage(verb)}`);
    return verb.run(words, request);
  }
}

const usage = ({ name, args }: Verb): string => (args === '' ? name : `${name} ${args}`);

/** `A [B]` takes one or two words; `[WHY...]` takes any number. */
const arity = (args: string): [least: number, most: number] => {
  const words = args.split(' ').filter(Boolean);
  const least = words.filter((word) => !word.startsWith('[')).length;
  return [least, args.includes('...') ? Infinity : words.length];
};
