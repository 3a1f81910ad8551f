import { Errno } from '../../kernel/errno.ts';
import { lone } from '../../kernel/name.ts';
import { EPISODES } from './episodes.ts';
import { EXCHANGES, PER_EPISODE, type Spoken } from './conversations.ts';
import type { Happened, Said } from './episode.ts';

/** Bytes of a bundle, and of one line: a note of 1 MiB may be six times that as JSON. */
export const BUNDLE = 64 * 1024 * 1024;
const LINE = 7 * 1024 * 1024;

export const VERSION = 1;

/** Characters of a name or id, of a subject or reason, of a text in a record. */
const NAME = 255;
const WORDS = 8_192;
const TEXT = 65_536;
const RECORDS = 8;

const conversationName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** A line of a bundle: JSON with a type. The first is `memory`, the last `end`. */
export type Item =
  | { readonly type: 'memory'; readonly version: number; readonly agent: string; readonly time: string }
  | { readonly type: 'directory'; readonly path: string; readonly mtime: string }
  | { readonly type: 'note'; readonly path: string; readonly mtime: string; readonly text: string }
  | { readonly type: 'summary'; readonly text: string }
  | { readonly type: 'episode'; readonly number: number; readonly happened: readonly Happened[] }
  | {
      readonly type: 'exchange';
      readonly episode: number;
      readonly at: number;
      readonly conversation: string;
      readonly records: readonly Spoken[];
    }
  | { readonly type: 'end'; readonly lines: number };

/** An item and the line it stands on. */
export interface Placed {
  readonly line: number;
  readonly item: Item;
}

export const lineOf = (item: Item): string => `${JSON.stringify(item)}\n`;

/** EINVAL with the number of the line: nothing of a bundle is taken that has one bad line. */
export const wrong = (line: number, reason: string): Errno => new Errno('EINVAL', `line ${line}: ${reason}`);

/** A reader of lines, one after the other: `take` for each, then `end`. */
export class BundleReader {
  readonly items: Placed[] = [];
  #line = 0;
  #ended = false;
  #episodes = 0;
  #exchanges = 0;
  #last: readonly [number, number] = [0, -1];
  readonly #numbers = new Set<number>();
  readonly #paths = new Set<string>();

  take(text: string): void {
    const line = ++this.#line;
    if (this.#ended) throw wrong(line, 'there is more behind the end');
    if (text.length > LINE) throw wrong(line, `longer than ${LINE} characters`);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw wrong(line, `no JSON: ${(error as Error).message.slice(0, 200)}`);
    }
    let item: Item;
    try {
      item = itemOf(object(value, 'a line'));
    } catch (error) {
      throw wrong(line, (error as Error).message);
    }
    const reason = this.#misplaced(item, line);
    if (reason !== undefined) throw wrong(line, reason);
    this.items.push({ line, item });
  }

  end(): void {
    if (!this.#ended) throw wrong(this.#line + 1, 'the bundle ends before its end');
  }

  #misplaced(item: Item, line: number): string | undefined {
    if ((line === 1) !== (item.type === 'memory')) return 'a bundle begins with one line of the type memory';
    switch (item.type) {
      case 'directory':
      case 'note':
        if (this.#paths.has(item.path)) return `'${item.path}' is there twice`;
        this.#paths.add(item.path);
        return undefined;
      case 'episode':
        if (this.#numbers.has(item.number)) return `the episode ${item.number} is there twice`;
        this.#numbers.add(item.number);
        return ++this.#episodes > EPISODES ? `more than ${EPISODES} episodes` : undefined;
      case 'exchange': {
        const [episode, at] = this.#last;
        if (item.episode < episode || (item.episode === episode && item.at <= at))
          return 'exchanges come in their order';
        this.#last = [item.episode, item.at];
        return ++this.#exchanges > EXCHANGES ? `more than ${EXCHANGES} exchanges` : undefined;
      }
      case 'end':
        this.#ended = true;
        return item.lines === line - 1 ? undefined : `${item.lines} lines were written, ${line - 1} are here`;
      default:
        return undefined;
    }
  }
}

type Members = Readonly<Record<string, unknown>>;

/** Built anew of what is known: what else a line has is left out. Throws an Error that says what is wrong. */
const itemOf = (given: Members): Item => {
  switch (given['type']) {
    case 'memory': {
      const version = whole(given, 'version', 1);
      if (version > VERSION) throw new Error(`a bundle of version ${version}: this program knows ${VERSION}`);
      return { type: 'memory', version, agent: text(given, 'agent', NAME), time: time(given) };
    }
    case 'directory':
      return { type: 'directory', path: text(given, 'path', TEXT), mtime: nanos(given) };
    case 'note':
      return { type: 'note', path: text(given, 'path', TEXT), mtime: nanos(given), text: text(given, 'text', LINE) };
    case 'summary':
      return { type: 'summary', text: text(given, 'text', LINE) };
    case 'episode':
      return {
        type: 'episode',
        number: whole(given, 'number', 1),
        happened: list(given, 'happened', PER_EPISODE).map(happenedOf),
      };
    case 'exchange':
      return {
        type: 'exchange',
        episode: whole(given, 'episode', 1),
        at: whole(given, 'at', 0, PER_EPISODE - 1),
        conversation: conversationOf(given),
        records: list(given, 'records', RECORDS).map(spokenOf),
      };
    case 'end':
      return { type: 'end', lines: whole(given, 'lines', 1) };
    default:
      throw new Error(`no type of a line: ${JSON.stringify(given['type'] ?? null).slice(0, 100)}`);
  }
};

const happenedOf = (value: unknown): Happened => {
  const given = object(value, 'what happened');
  const error = optional(given, 'error', (found) => ({
    code: text(found, 'code', NAME),
    reason: text(found, 'reason', WORDS),
  }));
  return {
    time: time(given),
    tick: whole(given, 'tick', 0),
    outcome: text(given, 'outcome', NAME),
    from: text(given, 'from', NAME),
    conversation: conversationOf(given),
    message: saidOf(object(given['message'], "'message'")),
    answer: optional(given, 'answer', saidOf),
    error,
  };
};

const saidOf = (given: Members): Said => ({
  id: text(given, 'id', NAME),
  subject: maybe(given, 'subject', TEXT),
  inReplyTo: maybe(given, 'inReplyTo', TEXT),
  text: text(given, 'text', TEXT),
});

const spokenOf = (value: unknown): Spoken => {
  const given = object(value, 'a record');
  const { direction } = given;
  if (direction !== 'in' && direction !== 'out') throw new Error("'direction' is in or out");
  return {
    id: text(given, 'id', NAME),
    time: time(given),
    tick: whole(given, 'tick', 0),
    direction,
    from: text(given, 'from', NAME),
    to: text(given, 'to', NAME),
    subject: maybe(given, 'subject', TEXT),
    in_reply_to: maybe(given, 'in_reply_to', TEXT),
    text: text(given, 'text', TEXT),
  };
};

const object = (value: unknown, what: string): Members => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw new Error(`${what} is an object`);
};

const text = (given: Members, key: string, most: number): string => {
  const value = Object.hasOwn(given, key) ? given[key] : undefined;
  if (typeof value !== 'string' || value.length > most) {
    throw new Error(`'${key}' is a text of at most ${most} characters`);
  }
  // Half a character cannot be stored as UTF-8.
  if (lone.test(value)) throw new Error(`'${key}' is no Unicode`);
  return value;
};

const maybe = (given: Members, key: string, most: number): string | undefined =>
  given[key] === undefined ? undefined : text(given, key, most);

const optional = <T>(given: Members, key: string, read: (found: Members) => T): T | undefined =>
  given[key] === undefined ? undefined : read(object(given[key], `'${key}'`));

const whole = (given: Members, key: string, least: number, most = 999_999_999_999): number => {
  const value = given[key];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new Error(`'${key}' is a whole number from ${least} to ${most}`);
};

const list = (given: Members, key: string, most: number): readonly unknown[] => {
  const value = given[key];
  if (Array.isArray(value) && value.length > 0 && value.length <= most) return value as unknown[];
  throw new Error(`'${key}' is a list of 1 to ${most}`);
};

const time = (given: Members): string => {
  const value = text(given, 'time', 64);
  const at = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(at)) throw new Error("'time' is a time as RFC 3339 writes it");
  return value;
};

const nanos = (given: Members): string => {
  const value = text(given, 'mtime', 20);
  if (!/^\d{1,19}$/.test(value)) throw new Error("'mtime' is a number of nanoseconds, as a text");
  return value;
};

const conversationOf = (given: Members): string => {
  const value = text(given, 'conversation', NAME);
  if (!conversationName.test(value)) throw new Error("'conversation' is no name of a conversation");
  return value;
};
