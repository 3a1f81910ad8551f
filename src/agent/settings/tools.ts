import { LineError, quoted, scan } from './line.ts';
import { Once } from './fields.ts';
import { asLines, type View } from './view.ts';

const MOST = 1_000;
const pattern = /^[A-Za-z0-9*][A-Za-z0-9._*-]{0,99}$/;
const says = '# a tool a line, * for any characters; without a line it may use none\n';

/** The tools it may use, one a line. No line: none of them. */
export const tools: View<readonly string[]> = {
  ...asLines,
  fallback: ['*'],
  parse: (text) => {
    const once = new Once();
    const found: string[] = [];
    for (const line of scan(text)) {
      if (!pattern.test(line.text)) {
        throw new LineError(
          line.number,
          `${quoted(line.text)} names no tool: letters, digits, '.', '_', '-', or * for any of them`,
        );
      }
      once.check(line.text, line);
      if (found.push(line.text) > MOST) throw new LineError(line.number, `more than ${MOST} tools`);
    }
    return found;
  },
  format: (value) => (value.length === 0 ? says : `${value.join('\n')}\n`),
  data: (value) => [...value],
};
