import { cut } from './text.ts';

/** Bytes of one record with its newline (tree.md, Limits). */
export const RECORD = 65_536;

/** Room left for the mark of a cut and for the hash a chain adds. */
const SLACK = 512;

/**
 * A record as its line. A record that would be longer than `limit` has its longest texts cut, each with a mark that
 * says how many bytes went, until it fits.
 */
export const line = (record: object, limit = RECORD): string => {
  const text = JSON.stringify(record);
  if (text.length * 3 < limit || Buffer.byteLength(text) < limit) return text;
  const copy = JSON.parse(text) as Holder;
  const originals = new Map<Holder, Record<string, number>>();
  let size = Buffer.byteLength(text);
  for (let round = 0; round < 64 && size >= limit; round++) {
    const [holder, key] = longest(copy);
    const value = key === undefined ? undefined : holder?.[key];
    if (!holder || key === undefined || typeof value !== 'string' || value.length < 128) break;
    // No more than half at a time, so that one text does not pay for all. A text may be twice its length and more as
    // JSON (escapes), so what is too much is taken off in JSON's measure.
    const written = Buffer.byteLength(JSON.stringify(value));
    const bytes = Buffer.byteLength(value);
    const whole = originals.get(holder) ?? {};
    originals.set(holder, whole);
    whole[key] ??= bytes;
    const kept = Math.floor(bytes * Math.max(0.5, (written - (size - limit) - SLACK) / written));
    const head = cut(value, Math.min(kept, Math.floor(bytes * 0.9)));
    holder[key] = `${head} [cut: ${whole[key] - Buffer.byteLength(head)} bytes]`;
    size = Buffer.byteLength(JSON.stringify(copy));
  }
  return size < limit ? JSON.stringify(copy) : JSON.stringify({ ...scalars(copy), cut: 'the record was too long' });
};

type Holder = Record<string, unknown>;

/** The place of the longest text anywhere in a record. */
const longest = (value: Holder): [Holder | undefined, string | undefined] => {
  let best: [Holder | undefined, string | undefined] = [undefined, undefined];
  let length = -1;
  const visit = (holder: Holder): void => {
    for (const [key, child] of Object.entries(holder)) {
      if (typeof child === 'string' && child.length > length) {
        best = [holder, key];
        length = child.length;
      } else if (typeof child === 'object' && child !== null) visit(child as Holder);
    }
  };
  visit(value);
  return best;
};

/** A record of very many small members keeps its own short ones. */
const scalars = (record: Holder): Holder =>
  Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => (typeof value === 'string' ? value.length < 1024 : typeof value !== 'object'))
      .slice(0, 32),
  );
