import { Errno } from './errno.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text; EINVAL for bytes that are not UTF-8. A byte order mark is a character like others. */
export const decode = (bytes: Uint8Array): string => {
  try {
    return strict.decode(bytes);
  } catch (cause) {
    throw new Errno('EINVAL', 'this is not UTF-8 text', { cause });
  }
};

/** Control characters and what reorders a line (bidirectional marks), line and paragraph separators. */
const steering = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** One line with what would steer a terminal shown as `\x1b`, `\u{202e}`. */
export const printable = (text: string): string =>
  text.replace(steering, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
