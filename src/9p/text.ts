import { Errno } from '../kernel/errno.ts';

/** Reads the values of a trace line: words, "JSON strings", and brackets. Used by transcripts, so errors quote the line. */
export class Scanner {
  readonly line: string;
  at = 0;

  constructor(line: string) {
    this.line = line;
  }

  fail(wanted: string): Errno {
    return new Errno('EINVAL', `${wanted} wanted at column ${this.at + 1} of: ${this.line}`);
  }

  blanks(): void {
    while (this.line[this.at] === ' ') this.at++;
  }

  get done(): boolean {
    this.blanks();
    return this.at >= this.line.length;
  }

  /** Consumes `text` if it comes next. */
  take(text: string): boolean {
    this.blanks();
    if (!this.line.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  need(text: string): void {
    if (!this.take(text)) throw this.fail(`'${text}'`);
  }

  #match(pattern: RegExp, wanted: string): string {
    this.blanks();
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.line) ?? [];
    if (found === undefined) throw this.fail(wanted);
    this.at += found.length;
    return found;
  }

  /** A run of characters that are no blank, bracket, quote or '='. */
  word(): string {
    return this.#match(/[^\s()[\]{}"=]+/y, 'a word');
  }

  /** A JSON string, or one word without quotes. */
  string(): string {
    this.blanks();
    if (this.line[this.at] !== '"') return this.word();
    return JSON.parse(this.#match(/"(?:[^"\\]|\\.)*"/y, 'the end of a string')) as string;
  }

  number(): number {
    const word = this.word();
    const value = Number(word);
    if (!Number.isFinite(value)) throw this.fail(`a number, not ${word},`);
    return value;
  }

  list<T>(open: string, close: string, item: () => T): T[] {
    this.need(open);
    const items: T[] = [];
    while (!this.take(close)) items.push(item());
    return items;
  }
}
