import { Lexer } from 'yaml';
import { Errno } from '../../kernel/errno.ts';

/** Tokens of a document; how deep its collections nest; columns before a line; anchors and aliases. */
const TOKENS = 50_000;
const DEEP = 32;
const COLUMNS = 64;
const ALIASES = 100;

/** The lexer's mark before the text of a scalar. */
const SCALAR = '\x1f';

/**
 * Refuses what would cost more to read than any real document: EINVAL with the line. The parser recurses, and near the end of
 * the stack the engine may end the process, so depth is bounded before anything is parsed.
 */
export const assertModest = (text: string): void => {
  let line = 1;
  let tokens = 0;
  let aliases = 0;
  let flow = 0;
  let onLine = 0;
  let start = true;
  let scalar = false;
  let indent = 0;
  const refuse = (reason: string): never => {
    throw new Errno('EINVAL', `line ${line}: ${reason}`);
  };
  for (const token of new Lexer().lex(text)) {
    if (++tokens > TOKENS) refuse(`more than ${TOKENS} words and signs: this is not a document for people`);
    const [first] = token;
    if (scalar) scalar = false;
    else if (token === SCALAR) scalar = true;
    else if (token.trim() === '') {
      if (start && !token.includes('\n')) indent = token.length;
    } else if (first === '[' || first === '{') {
      if (++flow > DEEP) refuse(`nested more than ${DEEP} deep`);
    } else if (first === ']' || first === '}') flow = Math.max(0, flow - 1);
    else if (token === '-' || token === '?' || token === ':') {
      if (flow === 0 && (++onLine > DEEP || indent > COLUMNS)) refuse(`nested more than ${DEEP} deep`);
    } else if (first === '&' || first === '*') {
      if (++aliases > ALIASES) refuse(`more than ${ALIASES} anchors and aliases`);
    }
    const newlines = token.split('\n').length - 1;
    line += newlines;
    if (newlines > 0) {
      start = true;
      indent = 0;
      onLine = 0;
    } else if (token.trim() !== '') start = false;
  }
};
