import MiniSearch from 'minisearch';
import { termsOf } from './terms.ts';

export { termsOf };

/** A term to look for, and how much it counts: 1 for a word that was asked for, less for one that only begins so. */
export interface Wanted {
  readonly term: string;
  readonly weight: number;
}

export interface Hit {
  readonly id: string;
  /** More is better; two decimals, so that it does not depend on the order in which documents came. */
  readonly score: number;
  /** The terms it has of those that were wanted. */
  readonly terms: readonly string[];
}

interface Document {
  readonly id: string;
  readonly terms: string;
}

/**
 * A full-text index in memory, ranked by BM25+. What a search costs is the sum of `count` of its terms, so whoever asks
 * can bound it before. The same documents give the same answer, whatever came and went before.
 */
export class TextIndex {
  readonly #index = new MiniSearch<Document>({
    fields: ['terms'],
    tokenize: (terms) => terms.split(' '),
    processTerm: (term) => (term === '' ? null : term),
    // Nothing is ever only marked as gone, because what is left behind would still weigh in the ranks.
    autoVacuum: false,
  });
  readonly #texts = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  #size = 0;

  /** Documents. */
  get length(): number {
    return this.#texts.size;
  }

  /** Characters of all documents. */
  get size(): number {
    return this.#size;
  }

  ids(): IterableIterator<string> {
    return this.#texts.keys();
  }

  has(id: string): boolean {
    return this.#texts.has(id);
  }

  /** The text that was indexed under an id. */
  text(id: string): string | undefined {
    return this.#texts.get(id);
  }

  /** Documents that have a term. */
  count(term: string): number {
    return this.#counts.get(term) ?? 0;
  }

  /** Every term there is, in the order of coming: not to be relied on. */
  vocabulary(): IterableIterator<string> {
    return this.#counts.keys();
  }

  /** Takes the place of what had the id. */
  set(id: string, text: string): void {
    this.delete(id);
    const terms = termsOf(text);
    this.#texts.set(id, text);
    this.#size += text.length;
    for (const term of new Set(terms)) this.#counts.set(term, this.count(term) + 1);
    this.#index.add({ id, terms: terms.join(' ') });
  }

  delete(id: string): void {
    const text = this.#texts.get(id);
    if (text === undefined) return;
    const terms = termsOf(text);
    this.#texts.delete(id);
    this.#size -= text.length;
    for (const term of new Set(terms)) {
      const left = this.count(term) - 1;
      if (left > 0) this.#counts.set(term, left);
      else this.#counts.delete(term);
    }
    this.#index.remove({ id, terms: terms.join(' ') });
  }

  /** Documents with any of the terms, best first; those of one score by id. */
  search(wanted: readonly Wanted[]): Hit[] {
    if (wanted.length === 0) return [];
    const weights = new Map(wanted.map(({ term, weight }) => [term, weight]));
    return this.#index
      .search([...weights.keys()].join(' '), { boostTerm: (term) => weights.get(term) ?? 1 })
      .map(({ id, score, terms }) => ({ id: id as string, score: Math.round(score * 100) / 100, terms }))
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  }
}
