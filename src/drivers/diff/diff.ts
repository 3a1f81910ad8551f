import { createTwoFilesPatch } from 'diff';

/** Of two texts that have little in common the comparison is given up after so many milliseconds. */
const TIME = 200;

/** How one text became another, as a unified diff; undefined where finding that out takes too long. */
export const unifiedDiff = (path: string, from: string, to: string): string | undefined =>
  createTwoFilesPatch(`a/${path}`, `b/${path}`, from, to, undefined, undefined, { context: 3, timeout: TIME })?.replace(
    /^=+\n/,
    '',
  );
