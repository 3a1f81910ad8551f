import { Errno } from '../../kernel/errno.ts';

/** Characters of a soul, and of a description. */
export const SOUL = 20_000;
export const DESCRIPTION = 4_096;

const bad = /[^\P{Cc}\t\n\r]|\p{Surrogate}/u;

/** EINVAL for text that holds control characters other than blanks and line ends, or half a character. */
export const assertPlain = (text: string, what: string): void => {
  const found = bad.exec(text);
  if (!found) return;
  const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const line = text.slice(0, found.index).split('\n').length;
  throw new Errno('EINVAL', `${what} holds U+${code}, which is no text, on its line ${line}`);
};

/** EINVAL for more characters than may be; the newline at the end is not counted. */
export const assertShort = (text: string, most: number, what: string): void => {
  // Characters are at most so many as units, so most texts need no counting.
  if (text.length <= most) return;
  let count = text.endsWith('\n') ? -1 : 0;
  for (const _ of text) count++;
  if (count > most) throw new Errno('EINVAL', `${what} has ${count} characters: at most ${most}`);
};

/** Text ends with a newline; nothing is nothing. */
export const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

export const checkSoul = (text: string): void => {
  assertPlain(text, 'the soul');
  assertShort(text, SOUL, 'the soul');
};

export const checkDescription = (text: string): void => {
  assertPlain(text, 'the description');
  assertShort(text, DESCRIPTION, 'the description');
};
