import { Errno } from '../../kernel/errno.ts';

/** EINVAL that says the line: `line 3: the reason`. */
export class LineError extends Errno {
  readonly line: number;
  readonly reason: string;

  constructor(line: number, reason: string) {
    super('EINVAL', `line ${line}: ${reason}`);
    this.line = line;
    this.reason = reason;
  }
}

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly words: readonly string[];
}

/** Characters that cannot be seen: control characters but for the blanks, and those that only format. */
const hidden = /[^\P{Cc}\t]|\p{Cf}|\p{Surrogate}/u;

/** A word as it may stand in a message: short, and without what would end the line. */
export const quoted = (word: string): string => `'${word.length > 40 ? `${word.slice(0, 40)}...` : word}'`;

/**
 * The lines that say something: not those that are blank, nor comments, which begin with `#`. With `trailing` a comment
 * may also follow on a line. A carriage return at the end of a line is no part of it.
 */
export function* scan(text: string, options: { trailing?: boolean } = {}): Generator<Line> {
  for (const [index, raw] of text.split('\n').entries()) {
    const whole = raw.trim();
    if (whole === '' || whole.startsWith('#')) continue;
    const line = options.trailing === true ? whole.replace(/\s#.*$/, '').trim() : whole;
    const found = hidden.exec(line);
    if (found) {
      const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
      throw new LineError(index + 1, `a character that cannot be seen, U+${code}`);
    }
    yield { number: index + 1, text: line, words: line.split(/\s+/) };
  }
}
