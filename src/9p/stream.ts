/**
 * How a stream reaches a reader behind Linux's 9P client, which keeps asking until the reader's buffer is full. If a read
 * comes at exactly the next offset with exactly the count that is left of the last one, it is the kernel filling the same
 * buffer: zero bytes, at once, make it hand over what it has. The last reply must not have been empty itself, so that a
 * program which loops to fill a buffer sees no false end. Measured on 6.1 and 6.12; the conditions are in docs/9p.md.
 */
export class Streaming {
  readonly kind = 'stream';
  #offset = -1;
  #count = 0;
  #length = 0;

  /** Is this read the kernel asking for the rest? If so the reply is empty, and noted. */
  rest(offset: number, count: number): boolean {
    const rest = this.#length > 0 && offset === this.#offset + this.#length && count === this.#count - this.#length;
    if (rest) this.#length = 0;
    return rest;
  }

  note(offset: number, count: number, length: number): void {
    this.#offset = offset;
    this.#count = count;
    this.#length = length;
  }
}
