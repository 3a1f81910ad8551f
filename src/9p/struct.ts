import type { Field } from './fields.ts';
import { Reader, malformed } from './wire.ts';
import type { Writer } from './wire.ts';
import type { Scanner } from './text.ts';

/** Names and kinds of fields in wire order. */
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Values<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** Several named fields, shown as `name=value` with blanks between. `into` is the object that gets the values. */
export interface Struct<F extends Fields> {
  readonly least: number;
  read(from: Reader, into?: object): Values<F>;
  write(to: Writer, value: Values<F>): void;
  show(value: Values<F>): string;
  parse(from: Scanner, into?: object): Values<F>;
}

export const struct = <F extends Fields>(fields: F): Struct<F> => {
  const names = Object.keys(fields);
  const codecs = Object.values(fields);
  const count = names.length;
  const open = (into: object): Record<string, unknown> => into as Record<string, unknown>;
  return {
    least: codecs.reduce((sum, { least }) => sum + least, 0),
    read: (from, into = {}) => {
      const values = open(into);
      for (let i = 0; i < count; i++) values[names[i]!] = codecs[i]!.read(from);
      return values as Values<F>;
    },
    write: (to, value) => {
      const values = open(value);
      for (let i = 0; i < count; i++) codecs[i]!.write(to, values[names[i]!]);
    },
    show: (value) => {
      const values = open(value);
      return names.map((name, i) => `${name}=${codecs[i]!.show(values[name])}`).join(' ');
    },
    parse: (from, into = {}) => {
      const values = open(into);
      for (let i = 0; i < count; i++) {
        from.need(`${names[i]!}=`);
        values[names[i]!] = codecs[i]!.parse(from);
      }
      return values as Values<F>;
    },
  };
};

/** A struct in braces that stands among other values. */
export const braced = <F extends Fields>(body: Struct<F>): Pick<Field<Values<F>>, 'show' | 'parse'> => ({
  show: (value) => `{${body.show(value)}}`,
  parse: (from) => {
    from.need('{');
    const value = body.parse(from);
    from.need('}');
    return value;
  },
});

/** Reads `size` bytes that `read` must consume exactly. */
export const within = <T>(from: Reader, size: number, read: (inner: Reader) => T): T => {
  const start = from.take(size);
  const inner = new Reader(from.bytes, start, start + size);
  const value = read(inner);
  if (inner.left !== 0) throw malformed(`${inner.left} bytes too many in a field of ${size}`);
  return value;
};

/** Writes a field whose size[2] stands before it. */
export const sized = (to: Writer, write: () => void): void => {
  const start = to.reserve(2);
  write();
  const size = to.at - start - 2;
  if (size > 0xffff) throw malformed(`a field of ${size} bytes`);
  to.u16At(start, size);
};
