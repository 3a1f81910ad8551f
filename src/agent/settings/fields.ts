import { formatDuration, parseDuration } from '../duration.ts';
import { LineError, quoted, scan, type Line } from './line.ts';
import { scalar, type View } from './view.ts';

/** One value that is one word. */
export interface Field<T> {
  readonly fallback: T;
  /** Undefined: it is not one. */
  read(word: string): T | undefined;
  write(value: T): string;
  /** What it wants, for who wrote something else: `a number from 1 to 9`. */
  readonly wants: string;
}

export const integer = (least: number, most: number, fallback: number): Field<number> => ({
  fallback,
  read: (word) => {
    const value = /^(?:0|[1-9]\d{0,14})$/.test(word) ? Number(word) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  },
  write: String,
  wants: `a whole number from ${least} to ${most}`,
});

export const oneOf = <const T extends string>(words: readonly T[], fallback: NoInfer<T>): Field<T> => ({
  fallback,
  read: (word) => words.find((known) => known === word),
  write: (value) => value,
  wants: words.join(', ').replace(/, ([^,]*)$/, ' or $1'),
});

/** Milliseconds. With `never`, that word is Infinity. */
export const duration = (fallback: string, options: { least?: string; never?: boolean } = {}): Field<number> => {
  const { least = '1s', never = false } = options;
  return {
    fallback: parseDuration(fallback)!,
    read: (word) => {
      if (never && word === 'never') return Infinity;
      const value = parseDuration(word);
      return value !== undefined && value >= parseDuration(least)! ? value : undefined;
    },
    write: (value) => (value === Infinity ? 'never' : formatDuration(value)),
    wants: `a duration with its unit, as 30s or 1h30m, at least ${least}${never ? ", or 'never'" : ''}`,
  };
};

const binary = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 } as const;

/** Bytes, written with their unit. */
export const size = (fallback: number): Field<number> => ({
  fallback,
  read: (word) => {
    const [, digits, unit] = /^([1-9]\d{0,6})(KiB|MiB|GiB)$/.exec(word) ?? [];
    return unit === undefined ? undefined : Number(digits) * binary[unit as keyof typeof binary];
  },
  write: (value) => {
    const [unit, bytes] = Object.entries(binary).find(([, bytes]) => value % bytes === 0)!;
    return `${value / bytes}${unit}`;
  },
  wants: 'a size with its unit, as 64KiB, 512MiB or 2GiB',
});

/** The field of a line `KEY WORD`. */
export const readField = <T>(field: Field<T>, { number, words }: Line): T => {
  const [key, word, ...more] = words;
  if (word === undefined) throw new LineError(number, `'${key!}' wants ${field.wants}`);
  const value = more.length === 0 ? field.read(word) : undefined;
  if (value === undefined)
    throw new LineError(number, `'${key!}' wants ${field.wants}, not ${quoted(words.slice(1).join(' '))}`);
  return value;
};

/** Refuses what stands there twice. */
export class Once {
  readonly #lines = new Map<string, number>();

  check(name: string, { number }: Line): void {
    const before = this.#lines.get(name);
    if (before !== undefined) throw new LineError(number, `${quoted(name)} stands on line ${before} already`);
    this.#lines.set(name, number);
  }
}

export type FieldsOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** `key value` lines. What is not written has its default. */
export const fields = <F extends Record<string, Field<unknown>>>(known: F): View<FieldsOf<F>> => {
  const all = new Map(Object.entries<Field<unknown>>(known));
  const keys = [...all.keys()].join(', ');
  const fallback = Object.fromEntries([...all].map(([key, field]) => [key, field.fallback])) as FieldsOf<F>;
  return {
    fallback,
    parse: (text) => {
      const found = new Map(Object.entries<unknown>(fallback));
      const once = new Once();
      for (const line of scan(text, { trailing: true })) {
        const key = line.words[0]!;
        const field = all.get(key);
        if (!field) throw new LineError(line.number, `no key ${quoted(key)}: there is ${keys}`);
        once.check(key, line);
        found.set(key, readField(field, line));
      }
      return Object.fromEntries(found) as FieldsOf<F>;
    },
    format: (value) => [...all].map(([key, field]) => `${key} ${field.write(value[key as keyof F])}\n`).join(''),
    data: (value) =>
      Object.fromEntries(
        [...all].map(([key, field]) => {
          const given: unknown = value[key as keyof F];
          return [
            key,
            typeof field.fallback === 'number' && field.write(given) === String(given) ? given : field.write(given),
          ];
        }),
      ),
    lines: (data) =>
      Object.entries(data as object).map(([key, value]) => ({ text: `${key} ${scalar(value)}`, path: [key] })),
    schema: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
  };
};

/** One line of one word. */
export const single = <T>(field: Field<T>): View<T> => ({
  fallback: field.fallback,
  parse: (text) => {
    let found: { value: T; line: number } | undefined;
    for (const { number, text: line } of scan(text, { trailing: true })) {
      if (found) throw new LineError(number, `one line is enough: it stands on line ${found.line} already`);
      const value = field.read(line);
      if (value === undefined) throw new LineError(number, `${quoted(line)} is not ${field.wants}`);
      found = { value, line: number };
    }
    return found ? found.value : field.fallback;
  },
  format: (value) => `${field.write(value)}\n`,
  data: (value) => field.write(value),
  lines: (data) => [{ text: scalar(data), path: [] }],
  schema: { type: ['string', 'number', 'boolean'] },
});
