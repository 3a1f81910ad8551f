import { describe } from './failure.ts';

/** As cat(1) and ls(1) do: one that fails is told and the others still come; the exit code remembers. */
export const each = async (
  words: readonly string[],
  signal: AbortSignal,
  work: (word: string) => Promise<void>,
): Promise<number> => {
  let code = 0;
  for (const word of words) {
    try {
      await work(word);
    } catch (error) {
      if (signal.aborted) throw error;
      process.stderr.write(`${describe(error)}\n`);
      code = 1;
    }
  }
  return code;
};
