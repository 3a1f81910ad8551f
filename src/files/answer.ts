/**
 * Bytes given out once, from their beginning to their end, whatever offset is asked for: a stream's descriptor has none
 * (over FUSE it is always 0), and bash's `<>` shares one between writing and reading.
 */
export class Answer {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(content: string | Uint8Array) {
    this.#bytes = typeof content === 'string' ? Buffer.from(content) : content;
  }

  /** The next bytes; empty at the end. */
  take(count: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += bytes.length;
    return bytes;
  }
}
