/** Milliseconds between two showings, on a terminal and elsewhere. */
const ON_TERMINAL = 100;
const ELSEWHERE = 10_000;

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What a long command is at, on standard error: in place on a terminal, else a line now and then. */
export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #interval: number;
  #next: number;
  #shown = false;

  constructor(output: Output = process.stderr, now = Date.now) {
    this.#output = output;
    this.#now = now;
    this.#interval = output.isTTY ? ON_TERMINAL : ELSEWHERE;
    this.#next = now() + this.#interval;
  }

  show(text: () => string): void {
    const now = this.#now();
    if (now < this.#next) return;
    this.#next = now + this.#interval;
    this.#output.write(this.#output.isTTY ? `\r${text()}\u001b[K` : `weft: ${text()}\n`);
    this.#shown = true;
  }

  /** Before anything else is printed: a terminal's line is free again. */
  clear(): void {
    if (this.#shown && this.#output.isTTY) this.#output.write('\r\u001b[K');
    this.#shown = false;
  }
}
