import { setImmediate } from 'node:timers/promises';
import { Errno } from '../../kernel/errno.ts';
import { termsOf, TextIndex, type Hit, type Wanted } from '../../drivers/search/search.ts';
import { interruption } from '../replies.ts';
import { head } from './head.ts';

/** Characters that are indexed before others get a turn. */
const TURN = 8_192;
/** Words of the vocabulary that are looked at before others get a turn. */
const LOOKS = 10_000;

/** Bytes of a question that count, its words, and how many longer words one may stand for. */
const QUESTION = 4_096;
const WORDS = 32;
const LONGER = 8;
const PREFIX = 3;
/** Documents of one answer. */
const MATCHES = 256;
/** How much a word counts that only begins with what was asked for. */
const BEGINS = 0.4;

/** Places of words in documents that one search looks at, where somebody asks and where a tick does. */
const COST = 8_000;
const TICK_COST = 1_000;
const TICK_WORDS = 8;

/** A document as it is indexed: its text is bounded by whoever gives it. */
export interface Document {
  readonly text: string;
  /** Milliseconds. */
  readonly time: number;
}

export interface Match extends Hit {
  /** What was indexed. */
  readonly text: string;
  /** Milliseconds. */
  readonly time: number;
}

export interface Documents {
  /** Ids of everything that ought to be in the index. */
  ids(): Iterable<string>;
  /** undefined: there is none, or it ought not to be there. */
  document(id: string): Document | undefined;
}

/**
 * What an agent remembers, as one full-text index: made when it is first asked, brought up to date when it is asked again
 * after something changed, and never stored. What it answers depends on the documents alone.
 */
export class Corpus {
  readonly #documents: Documents;
  #index: TextIndex | undefined;
  readonly #stale = new Set<string>();
  readonly #times = new Map<string, number>();
  #waiting = 0;
  #working: Promise<void> | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** Characters in the index; 0 while there is none. */
  get size(): number {
    return this.#index?.size ?? 0;
  }

  /** A document came, went or changed. */
  touch(id: string): void {
    if (this.#index) this.#stale.add(id);
  }

  /** It is made anew when it is asked the next time. False: not now, because somebody waits for its answer. */
  drop(): boolean {
    if (this.#waiting > 0) return false;
    this.#index = undefined;
    this.#stale.clear();
    this.#times.clear();
    return true;
  }

  /** What somebody asks for: every word, and words that begin like it. EINTR when the signal aborts. */
  async search(question: string, signal: AbortSignal): Promise<Match[]> {
    const words = [...new Set(termsOf(head(question, QUESTION), WORDS))];
    this.#waiting++;
    try {
      const index = await this.#ready(signal);
      const longer = await this.#longer(index, words, signal);
      const wanted = words.map((term) => ({ term, weight: 1 }));
      return this.#matches(index, affordable(index, [...wanted, ...longer], COST));
    } finally {
      this.#waiting--;
    }
  }

  /** What a message is about: its rarest words, and those that half of all documents have say nothing. */
  async relevant(message: string, signal?: AbortSignal): Promise<Match[]> {
    const words = [...new Set(termsOf(head(message, QUESTION), WORDS * 2))];
    this.#waiting++;
    const index = await this.#ready(signal).finally(() => this.#waiting--);
    const common = index.length < 8 ? Infinity : index.length / 2;
    const telling = words.filter((term) => index.count(term) <= common);
    const wanted = telling.map((term) => ({ term, weight: 1 }));
    return this.#matches(index, affordable(index, wanted, TICK_COST).slice(0, TICK_WORDS));
  }

  /** With what the index knows of them now: it may be gone the next moment. */
  #matches(index: TextIndex, wanted: readonly Wanted[]): Match[] {
    const hits = index.search(wanted).slice(0, MATCHES);
    return hits.map((hit) => ({ ...hit, text: index.text(hit.id) ?? '', time: this.#times.get(hit.id) ?? 0 }));
  }

  /** Up to date. Goes on where it was left when nobody waited for it any more. */
  async #ready(signal: AbortSignal | undefined): Promise<TextIndex> {
    while (!this.#index || this.#stale.size > 0) {
      if (signal?.aborted === true) throw interruption(signal);
      if (!this.#working) {
        this.#working = this.#update().finally(() => (this.#working = undefined));
        // Whoever waits is told; nobody may be left who does.
        this.#working.catch(() => undefined);
      }
      await (signal ? Promise.race([this.#working, aborted(signal)]) : this.#working);
    }
    return this.#index;
  }

  async #update(): Promise<void> {
    if (!this.#index) {
      this.#index = new TextIndex();
      for (const id of this.#documents.ids()) this.#stale.add(id);
    }
    const index = this.#index;
    let done = 0;
    for (const id of this.#stale) {
      const document = this.#documents.document(id);
      this.#stale.delete(id);
      if (document) {
        index.set(id, document.text);
        this.#times.set(id, document.time);
      } else {
        index.delete(id);
        this.#times.delete(id);
      }
      done += 64 + (document?.text.length ?? 0);
      if (done < TURN) continue;
      done = 0;
      await setImmediate();
      if (this.#waiting === 0 || this.#index !== index) return;
    }
  }

  /** For each word the first of those that begin with it, in the order of the alphabet. */
  async #longer(index: TextIndex, words: readonly string[], signal: AbortSignal): Promise<Wanted[]> {
    const long = words.filter((word) => word.length >= PREFIX);
    const found = long.map((): string[] => []);
    let looks = 0;
    for (const term of [...index.vocabulary()]) {
      for (const [at, word] of long.entries()) {
        if (term.length <= word.length || !term.startsWith(word)) continue;
        const terms = found[at]!;
        terms.push(term);
        if (terms.length > LONGER * 8) found[at] = terms.sort().slice(0, LONGER);
      }
      looks += 1 + long.length;
      if (looks < LOOKS) continue;
      looks = 0;
      await setImmediate();
      if (signal.aborted) throw interruption(signal);
    }
    const terms = new Set(found.flatMap((terms) => terms.sort().slice(0, LONGER)));
    for (const word of words) terms.delete(word);
    return [...terms].map((term) => ({ term, weight: BEGINS }));
  }
}

/** The heaviest and rarest words that together do not cost too much, and one in any case. */
const affordable = (index: TextIndex, wanted: readonly Wanted[], cost: number): Wanted[] => {
  const counted = wanted
    .map(({ term, weight }) => ({ term, weight, count: index.count(term) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.weight - a.weight || a.count - b.count || (a.term < b.term ? -1 : 1));
  let left = cost;
  return counted.filter(({ count }, at) => at === 0 || (left -= count) > 0);
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(interruption(signal));
    else signal.addEventListener('abort', () => reject(interruption(signal)), { once: true });
  });

/** For callers that must not be asked while there is nothing. */
export const assertQuestion = (question: string): void => {
  if (question.trim() === '') throw new Errno('EINVAL', 'there is nothing to look for');
};
