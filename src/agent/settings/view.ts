/** A line made of a member of the manifest, and where in the member it comes from. */
export interface MadeLine {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** One setting as lines of text, in a file of its own, and as data, a member of the manifest. */
export interface View<T> {
  readonly fallback: T;
  /** EINVAL as LineError: `line 3: ...`. */
  parse(text: string): T;
  /** The whole value; `parse` gives it back. */
  format(value: T): string;
  /** For the manifest; `lines` of it, joined, gives the value back. */
  data(value: T): unknown;
  /** Of data that the schema let through. */
  lines(data: unknown): MadeLine[];
  /** JSON schema of the data. */
  readonly schema: object;
}

/** Data that is the lines themselves: a list of them, or the one there is. */
export const asLines = {
  schema: { type: ['string', 'boolean', 'array'], items: { type: 'string' } },
  data: (text: string): string | string[] => {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return lines.length === 1 ? lines[0]! : lines;
  },
  lines: (data: unknown): MadeLine[] =>
    Array.isArray(data)
      ? data.map((line, index) => ({ text: scalar(line), path: [index] }))
      : [{ text: scalar(data), path: [] }],
} as const;

/** `off` and `on` are booleans to older YAML; a number is its digits. */
export const scalar = (data: unknown): string => (data === true ? 'on' : data === false ? 'off' : String(data));
