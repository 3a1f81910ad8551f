import { line } from './record.ts';

/** Bytes a record may have that is written in parts; one that is longer has its longest texts cut (`record.ts`). */
export const WHOLE = 4 * 1024 * 1024;
/** Bytes of text of one part, as JSON. */
const PART = 60_000;

export interface Entry {
  readonly time: string;
  readonly tick: number;
  readonly cause: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A piece of the JSON of a record that is too long for one line; the pieces 1 to `parts` together are that JSON. */
export interface Part extends Entry {
  readonly type: 'part';
  /** The type of the whole. */
  readonly of: string;
  readonly part: number;
  readonly parts: number;
  readonly json: string;
}

/** The parts of a record that is too long for one line, in their order. */
export const split = (entry: Entry): Part[] => {
  const text = line(entry, WHOLE);
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    let end = Math.min(from + PART, text.length);
    while (Buffer.byteLength(JSON.stringify(text.slice(from, end))) > PART) end = from + Math.floor((end - from) / 2);
    // Not between the two halves of one character.
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!)) end--;
    pieces.push(text.slice(from, end));
    from = end;
  }
  const { time, tick, cause, type: of } = entry;
  return pieces.map((json, index) => ({
    time,
    tick,
    cause,
    type: 'part',
    of,
    part: index + 1,
    parts: pieces.length,
    json,
  }));
};

/** The records of a trajectory with those whole again that are in parts. A part without the others is left as it is. */
export function* join<T extends object>(records: Iterable<T>): Generator<T> {
  let pieces: (T & Part)[] = [];
  for (const record of records) {
    const next = isPart(record) && record.part === pieces.length + 1;
    // The rest of what was begun is not there.
    if (!next) yield* pieces.splice(0);
    if (!isPart(record) || record.part !== pieces.length + 1) {
      yield record;
      continue;
    }
    pieces.push(record);
    if (record.part < record.parts) continue;
    yield { ...(JSON.parse(pieces.map(({ json }) => json).join('')) as T), ...chained(record) };
    pieces = [];
  }
  yield* pieces;
}

const isPart = <T extends object>(record: T): record is T & Part => (record as { type?: string }).type === 'part';

/** The whole stands where its last part stands. */
const chained = (record: object): object => {
  const { seq, prev, hash } = record as Record<string, unknown>;
  return {
    ...(seq === undefined ? {} : { seq }),
    ...(prev === undefined ? {} : { prev }),
    ...(hash === undefined ? {} : { hash }),
  };
};
