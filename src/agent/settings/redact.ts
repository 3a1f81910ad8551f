import { Once } from './fields.ts';
import { LineError, quoted, scan } from './line.ts';
import type { Redact } from './types.ts';
import { asLines, type View } from './view.ts';

const MOST = 100;
const LENGTH = 200;

const format = ({ on, patterns }: Redact): string =>
  `${on ? 'on' : 'off'}\n${patterns.map((pattern) => `pattern ${pattern}\n`).join('')}`;

/** `on` or `off`, and `pattern REGEX` lines; the expression is the rest of the line. */
export const redact: View<Redact> = {
  ...asLines,
  fallback: { on: true, patterns: [] },
  parse: (text) => {
    const patterns: string[] = [];
    const once = new Once();
    let on = true;
    for (const line of scan(text)) {
      const pattern = /^pattern\s+(.+)$/.exec(line.text)?.[1];
      if (line.text === 'on' || line.text === 'off') {
        once.check('on or off', line);
        on = line.text === 'on';
      } else if (pattern === undefined) {
        throw new LineError(line.number, `${quoted(line.text)} is not on, off or pattern REGEX`);
      } else {
        checkPattern(pattern, line.number);
        if (patterns.push(pattern) > MOST) throw new LineError(line.number, `more than ${MOST} patterns`);
      }
    }
    return { on, patterns };
  },
  format,
  data: (value) => asLines.data(format(value)),
};

const checkPattern = (pattern: string, line: number): void => {
  if (pattern.length > LENGTH) throw new LineError(line, `a pattern of more than ${LENGTH} characters`);
  try {
    RegExp(pattern, 'u');
  } catch (error) {
    throw new LineError(line, (error as Error).message);
  }
};
