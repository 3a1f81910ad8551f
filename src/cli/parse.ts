import { Command as Parser, CommanderError } from 'commander';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import type { Flag, FlagValues } from './flags.ts';
import { flags } from './flags.ts';

export interface Parsed {
  readonly command: Command;
  readonly words: readonly string[];
  readonly flags: FlagValues;
}

const allFlags: readonly Flag[] = Object.values(flags);

/** `--addr <address>` is two words on the command line unless written `--addr=x`. */
const takesNextWord = (word: string): boolean =>
  allFlags.some(({ form }) => {
    const [names, value] = form.split(' <') as [string, string?];
    return value !== undefined && names.split(', ').includes(word);
  });

/** Flags may stand before the command's name; the parser wants them after it. */
const nameFirst = (words: readonly string[]): string[] => {
  let at = 0;
  while (at < words.length && words[at]!.startsWith('-') && words[at] !== '--') at += takesNextWord(words[at]!) ? 2 : 1;
  if (at === 0 || at >= words.length) return [...words];
  return [words[at]!, ...words.slice(0, at), ...words.slice(at + 1)];
};

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/**
 * The command line against the table. Undefined: help was asked for and printed. A line that makes no sense is a
 * UsageError.
 */
export const parse = (argv: readonly string[], table: readonly Command[], version: string): Parsed | undefined => {
  let parsed: Parsed | undefined;
  const program = new Parser('weft')
    .description('An agent operating system that you drive with cat and echo.')
    .version(`weft ${version}`, '--version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand('help [command]', 'print how a command is used')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const command of table) {
    const parser = program.command(`${command.name} ${command.words}`.trim()).description(command.sentence);
    for (const name of command.flags) {
      const { form, sentence, repeatable }: Flag = flags[name];
      if (repeatable) parser.option(form, sentence, collect);
      else parser.option(form, sentence);
    }
    parser.action(() => {
      parsed = { command, words: parser.args, flags: parser.opts() };
    });
  }
  const words = nameFirst(argv);
  if (words.length === 0) throw new UsageError('no command');
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    if (error.code === 'commander.help') throw new UsageError('no command', { cause: error });
    const reason = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    throw new UsageError(reason, { cause: error });
  }
  return parsed;
};
