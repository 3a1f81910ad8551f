import { qid, string, u64, u8 } from './fields.ts';
import type { Field } from './fields.ts';
import { braced, struct, within } from './struct.ts';
import type { Values } from './struct.ts';

const fields = { qid, offset: u64, type: u8, name: string };
const body = struct(fields);
const item = braced(body);

/** One entry of Rreaddir. `offset` is the cookie from which the entry after it is read; `type` a DT_ number of readdir(3). */
export type Dirent = Values<typeof fields>;

/** Bytes an entry takes on the wire. */
export const direntSize = (name: string): number => body.least + Buffer.byteLength(name);

/** count[4] and the entries that fill exactly that many bytes. */
export const dirents: Field<readonly Dirent[]> = {
  least: 4,
  read: (from) =>
    within(from, from.u32(), (inner) => {
      const entries: Dirent[] = [];
      while (inner.left > 0) entries.push(body.read(inner));
      return entries;
    }),
  write: (to, value) => {
    const start = to.reserve(4);
    for (const entry of value) body.write(to, entry);
    to.u32At(start, to.at - start - 4);
  },
  show: (value) => `[${value.map((entry) => item.show(entry)).join(' ')}]`,
  parse: (from) => from.list('[', ']', () => item.parse(from)),
};
