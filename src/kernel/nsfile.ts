import { Errno } from './errno.ts';
import type { BindOptions, Namespace } from './namespace.ts';
import type { Request } from './request.ts';

/** One command of a namespace file, as namespace(6) of Plan 9 has them. */
export interface Line {
  readonly verb: 'bind' | 'mount' | 'unmount';
  readonly options: BindOptions;
  readonly words: readonly string[];
  readonly number: number;
}

/**
 * Reads a namespace file: `bind [-bac] SOURCE TARGET`, `mount [-bac] ADDRESS TARGET`, `unmount [SOURCE] TARGET`, a line
 * each; `#` begins a comment where a command would stand; words may be quoted with '', and `$name` is a variable.
 * A line that cannot be read is EINVAL with its number.
 */
export const parse = (text: string, variables: Readonly<Record<string, string>> = {}): Line[] =>
  text.split('\n').flatMap((line, index) => {
    const number = index + 1;
    const [verb, ...rest] = words(line, variables, number);
    if (verb === undefined || verb.startsWith('#')) return [];
    if (verb !== 'bind' && verb !== 'mount' && verb !== 'unmount') throw bad(number, `unknown command ${verb}`);
    const options: BindOptions = {};
    while (rest[0]?.startsWith('-') && rest[0].length > 1) {
      if (verb === 'unmount') throw bad(number, 'unmount takes no flags');
      flags(rest.shift()!, options, number);
    }
    const fits = verb === 'unmount' ? rest.length === 1 || rest.length === 2 : rest.length === 2;
    if (!fits) throw bad(number, `${verb} takes ${verb === 'unmount' ? '[SOURCE] TARGET' : 'SOURCE TARGET'}`);
    return [{ verb, options, words: rest, number }];
  });

/** Runs the commands in order. The first that fails ends it, with its line number in the reason. */
export const apply = async (namespace: Namespace, lines: readonly Line[], request: Request): Promise<void> => {
  for (const { verb, options, words: given, number } of lines) {
    const [first, second] = given as [string, string];
    try {
      if (verb === 'bind') await namespace.bind(first, second, options, request);
      else if (verb === 'mount') await namespace.mount(first, second, options, request);
      else if (given.length === 1) await namespace.unmount(first, undefined, request);
      else await namespace.unmount(second, first, request);
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      throw new Errno(error.code, `line ${number}: ${error.message}`, { cause: error });
    }
  }
};

/**
 * Makes a living namespace what the lines say. What both have in common stays as it is, with every open handle; what the
 * lines no longer hold is unmounted, and what is new comes on top.
 */
export const reconcile = async (namespace: Namespace, lines: readonly Line[], request: Request): Promise<void> => {
  const wanted = settled(lines);
  const present = parse(namespace.toString());
  const [keep, have] = [new Set(wanted.map(textOf)), new Set(present.map(textOf))];
  for (const line of present.toReversed()) {
    const [source, target] = line.words as [string, string];
    if (!keep.has(textOf(line))) await namespace.unmount(target, source, request);
  }
  await apply(
    namespace,
    wanted.filter((line) => !have.has(textOf(line))),
    request,
  );
};

/** The lines that are left when every unmount has taken away what stood before it. */
const settled = (lines: readonly Line[]): Line[] => {
  let left: Line[] = [];
  for (const line of lines) {
    if (line.verb !== 'unmount') left.push(line);
    else {
      const target = line.words.at(-1);
      const source = line.words.length === 2 ? line.words[0] : undefined;
      left = left.filter(({ words: [from, to] }) => to !== target || (source !== undefined && from !== source));
    }
  }
  return left;
};

const textOf = ({ verb, options, words: given }: Line): string =>
  [verb, options.order ?? 'replace', options.create ?? false, ...given].join(' ');

const flags = (word: string, options: BindOptions, number: number): void => {
  for (const flag of word.slice(1)) {
    if (flag === 'b') options.order = 'before';
    else if (flag === 'a') options.order = 'after';
    else if (flag === 'c') options.create = true;
    else throw bad(number, `unknown flag -${flag}`);
  }
};

const words = (line: string, variables: Readonly<Record<string, string>>, number: number): string[] => {
  const found: string[] = [];
  for (const [word] of line.matchAll(/(?:'(?:[^']|'')*'|[^\s'])+|'/g)) {
    if (word === "'") throw bad(number, 'a quote is not closed');
    const plain = word.replace(/'((?:[^']|'')*)'|\$([A-Za-z]\w*)/g, (_, quoted?: string, name?: string) => {
      if (name === undefined) return (quoted ?? '').replaceAll("''", "'");
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (value === undefined) throw bad(number, `$${name} is not set`);
      return value;
    });
    found.push(plain);
    if (found.length === 1 && plain.startsWith('#')) break;
  }
  return found;
};

const bad = (number: number, reason: string): Errno => new Errno('EINVAL', `line ${number}: ${reason}`);
