/**
 * Bytes given out from their own beginning, whatever the descriptor's offset is: bash's `<>` shares one offset between
 * writing and reading, so the first read of an answer comes at the end of the question.
 */
export class Answer {
  readonly #bytes: Uint8Array;
  #base: number | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(offset: number, count: number): Uint8Array {
    this.#base ??= offset;
    const at = offset >= this.#base ? offset - this.#base : offset;
    return this.#bytes.subarray(at, at + count);
  }

  /** Has a read at this offset nothing left to give? */
  ends(offset: number): boolean {
    return this.#base !== undefined && offset - this.#base >= this.#bytes.length;
  }
}
