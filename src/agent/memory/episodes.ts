import { del, put, within, type Operation } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';
import { episodePrefix, summaryKey } from '../keys.ts';
import { cut } from '../text.ts';
import { episodeText, gist, shorten, type Happened } from './episode.ts';

/** Episodes kept, those that `compact` leaves as they are, and bytes of the summary. */
export const EPISODES = 1_000;
const WHOLE = 50;
const SUMMARY = 256 * 1024;

const title = '# What happened before\n\n';

/** A part of a batch: `apply` is called when that is on disk. */
export interface Change {
  readonly operations: readonly Operation[];
  apply(): void;
}

/** What each tick did, a document a tick, and one that says in a line each what the oldest did. */
export class Episodes {
  readonly #agent: Agent;
  readonly #host: Host;
  /** Ascending. */
  #numbers: number[] = [];
  /** The one that was added last is the one that is asked for next, by the index. */
  #newest: { readonly number: number; readonly happened: readonly Happened[] } | undefined;
  readonly #touched: (number: number) => void;

  constructor(agent: Agent, host: Host, touched: (number: number) => void) {
    this.#agent = agent;
    this.#host = host;
    this.#touched = touched;
  }

  async load(): Promise<void> {
    const prefix = episodePrefix(this.#agent.id);
    for await (const key of this.#host.store.keys(within(prefix))) this.#numbers.push(Number(key.slice(prefix.length)));
  }

  /** Ascending. */
  numbers(): readonly number[] {
    return this.#numbers;
  }

  has(number: number): boolean {
    return find(this.#numbers, number) !== undefined;
  }

  get(number: number): readonly Happened[] | undefined {
    if (!this.has(number)) return undefined;
    const newest = this.#newest?.number === number ? this.#newest.happened : undefined;
    if (newest) return newest;
    const value = this.#host.store.get(this.#key(number));
    return value && (JSON.parse(Buffer.from(value).toString()) as Happened[]);
  }

  /** `N.md`. */
  text(number: number): string | undefined {
    const happened = this.get(number);
    return happened && episodeText(happened);
  }

  /** When it was, in milliseconds. */
  at(number: number): number | undefined {
    const happened = this.get(number);
    return happened?.[0] && Date.parse(happened[0].time);
  }

  /** What was folded together; undefined where nothing was. */
  summary(): string | undefined {
    const value = this.#host.store.get(summaryKey(this.#agent.id));
    return value && Buffer.from(value).toString();
  }

  /** One more, and the oldest goes when there are too many. */
  add(number: number, happened: readonly Happened[]): Change {
    const excess = this.#numbers.slice(0, Math.max(0, this.#numbers.length + 1 - EPISODES));
    const short = shorten(happened);
    const value = Buffer.from(JSON.stringify(short));
    return {
      operations: [...excess.map((old) => del(this.#key(old))), put(this.#key(number), value)],
      apply: () => {
        this.#drop(excess);
        this.#newest = { number, happened: short };
        if (this.has(number)) return;
        this.#numbers.push(number);
        if ((this.#numbers.at(-2) ?? 0) > number) this.#numbers.sort((a, b) => a - b);
        this.#touched(number);
      },
    };
  }

  /** Those of somebody else, all newer than what is there; the oldest go when there are too many. */
  adopt(found: readonly (readonly [number: number, happened: readonly Happened[]])[]): Change {
    const excess = this.#numbers.slice(0, Math.max(0, this.#numbers.length + found.length - EPISODES));
    const kept = found.slice(Math.max(0, found.length - EPISODES));
    return {
      operations: [
        ...excess.map((old) => del(this.#key(old))),
        ...kept.map(([number, happened]) => put(this.#key(number), Buffer.from(JSON.stringify(shorten(happened))))),
      ],
      apply: () => {
        this.#drop(excess);
        for (const [number] of kept) {
          this.#numbers.push(number);
          this.#touched(number);
        }
      },
    };
  }

  /** Without these. */
  remove(numbers: readonly number[]): Change {
    return {
      operations: numbers.map((number) => del(this.#key(number))),
      apply: () => this.#drop(numbers),
    };
  }

  setSummary(text: string | undefined): Operation {
    const key = summaryKey(this.#agent.id);
    return text === undefined ? del(key) : put(key, Buffer.from(bounded(text)));
  }

  /** All but the newest 50 as a line each at the end of the summary, whose oldest lines go when it is too long. */
  fold(): { folded: number; change: Change } {
    const old = this.#numbers.slice(0, -WHOLE);
    const lines = old.flatMap((number) => this.get(number) ?? []).map(gist);
    const removed = this.remove(old);
    if (old.length === 0) return { folded: 0, change: removed };
    const operation = this.setSummary((this.summary() ?? title) + lines.join(''));
    return { folded: old.length, change: { ...removed, operations: [...removed.operations, operation] } };
  }

  #drop(numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    const gone = new Set(numbers);
    this.#numbers = this.#numbers.filter((number) => !gone.has(number));
    for (const number of numbers) this.#touched(number);
  }

  #key(number: number): string {
    return episodePrefix(this.#agent.id) + number.toString().padStart(12, '0');
  }
}

/** Whole lines, the newest, and the title. */
const bounded = (text: string): string => {
  const bytes = Buffer.byteLength(text);
  if (bytes <= SUMMARY) return text;
  const body = Buffer.from(text.slice(title.length));
  const start = body.indexOf(0x0a, body.length - (SUMMARY - title.length)) + 1;
  return cut(title + body.subarray(start).toString(), SUMMARY);
};

/** Binary search: the place of a number in an ascending list. */
export const find = (numbers: readonly number[], number: number): number | undefined => {
  let low = 0;
  let high = numbers.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = numbers[middle]!;
    if (found === number) return middle;
    if (found < number) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
};
