import { duration, Once, readField, size, type Field } from './fields.ts';
import { LineError, quoted, scan } from './line.ts';
import type { Sandbox } from './types.ts';
import { asLines, type View } from './view.ts';

const limits = {
  time: duration('2m'),
  memory: size(2 ** 30),
  output: size(2 ** 20),
} satisfies Record<string, Field<number>>;
const keys = Object.keys(limits) as (keyof typeof limits)[];

const fallback: Sandbox = {
  mode: 'require',
  time: limits.time.fallback,
  memory: limits.memory.fallback,
  output: limits.output.fallback,
};

const format = (value: Sandbox): string =>
  `${value.mode}\n${keys.map((key) => `${key} ${limits[key].write(value[key])}\n`).join('')}`;

/** `require` (without a sandbox no tool runs) or `off`, and what one tool call may take. */
export const sandbox: View<Sandbox> = {
  ...asLines,
  fallback,
  parse: (text) => {
    const found: { -readonly [K in keyof Sandbox]: Sandbox[K] } = { ...fallback };
    const once = new Once();
    for (const line of scan(text, { trailing: true })) {
      const [word] = line.words;
      const key = keys.find((known) => known === word);
      if (key) {
        once.check(key, line);
        found[key] = readField(limits[key], line);
      } else if (line.text === 'require' || line.text === 'off') {
        once.check('require or off', line);
        found.mode = line.text;
      } else throw new LineError(line.number, `no key ${quoted(word!)}: there is require, off, ${keys.join(', ')}`);
    }
    return found;
  },
  format,
  data: (value) => asLines.data(format(value)),
};
