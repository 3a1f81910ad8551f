import { plain, renamed } from '../plain.ts';
import type { Recorded } from './recorded.ts';

/** Where two runs are not the same. */
export interface Difference {
  /** Of the record in the recording. */
  readonly seq: number;
  /** The member, with dots; `record` where there is none at all. */
  readonly member: string;
  readonly expected: string;
  readonly got: string;
}

/** What depends on the time, and on what was dropped before. */
const aside = new Set(['seq', 'time', 'date', 'prev', 'hash']);
/** What an agent has when a tick begins may have come from elsewhere; what of it matters is perceived. */
const loaded = new Set(['type', 'phase', 'tick', 'cause', 'queue', 'model']);
/** Characters of a value that are shown. */
const SHOWN = 200;

/** Compares the records of two runs one after the other. Ids that a server made are the same when they stand for the same. */
export class Comparison {
  readonly #names = [new Map<string, string>(), new Map<string, string>()];

  /** The first member that differs; undefined when the records are the same. */
  difference(expected: Recorded, got: Recorded): Difference | undefined {
    const [left, right] = [expected, got].map((record, side) => this.#plain(record, side));
    const found = differing(left, right, '');
    return found && { seq: expected.seq, ...found };
  }

  /** What was recorded, with the ids that this run gave to what the recording names. */
  translated<T extends object>(record: T): T {
    const [expected, got] = this.#names;
    const ids = new Map([...got!].map(([id, name]) => [name, id]));
    return JSON.parse(renamed(JSON.stringify(record), (id) => ids.get(expected!.get(id) ?? '') ?? id)) as T;
  }

  #plain(record: Recorded, side: number): unknown {
    const names = this.#names[side]!;
    const members = Object.entries(record).filter(
      ([name]) => !aside.has(name) && (record['phase'] !== 'LOAD' || loaded.has(name)),
    );
    const named = (id: string): string => {
      const name = names.get(id) ?? `ID${names.size + 1}`;
      names.set(id, name);
      return name;
    };
    // What was perceived is given, and its digests are those of texts with other ids. Agents have other numbers here.
    const left =
      record['phase'] === 'PERCEIVE' ? without('texts') : record.type === 'message' ? without('id') : undefined;
    const shown = Object.fromEntries(members);
    // Numbers go to messages before they are there, and to some that never are.
    if (record.type === 'message') shown['job'] = named(`job ${String(record['job'])}`);
    return JSON.parse(plain(JSON.stringify(shown, left), named));
  }
}

const without =
  (left: string) =>
  (name: string, value: unknown): unknown =>
    name === left ? undefined : value;

const differing = (expected: unknown, got: unknown, member: string): Omit<Difference, 'seq'> | undefined => {
  if (isObject(expected) && isObject(got)) {
    const names = new Set([...Object.keys(expected), ...Object.keys(got)]);
    // What it is a hash of tells more.
    const last = names.delete('prompt') ? ['prompt'] : [];
    for (const name of [...names, ...last]) {
      const found = differing(expected[name], got[name], member === '' ? name : `${member}.${name}`);
      if (found) return found;
    }
    return undefined;
  }
  return expected === got ? undefined : { member, expected: shown(expected), got: shown(got) };
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const shown = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
};
