import type { FlagName, FlagValues } from './flags.ts';

/** The work of a command. Returns its exit code; nothing means 0. What it throws becomes one line and exit 1. */
export type Run = (words: readonly string[], flags: FlagValues) => Promise<number | undefined>;

/** A row of the table in `commands.ts`. */
export interface Command {
  readonly name: string;
  /** The words after the name as commander reads them: `<path> [text...]`. */
  readonly words: string;
  readonly flags: readonly FlagName[];
  readonly sentence: string;
  /** Imported when the command is run, so that `weft cat` does not pay for `weft up`. */
  readonly load: () => Promise<{ run: Run }>;
}

/** The command line itself is wrong: exit 2. */
export class UsageError extends Error {}
