import { IO_HEAD } from './fields.ts';

/**
 * How a stream reaches a reader behind Linux's 9P client, which keeps asking until the reader's buffer is full. If a read
 * comes at exactly the next offset with exactly the count that is left of the last one, it is the kernel filling the same
 * buffer: zero bytes, at once, make it hand over what it has. The last reply must not have been empty itself, so that a
 * program which loops to fill a buffer sees no false end.
 *
 * In 9P2000 and 9P2000.u the kernel tells programs a block size of msize rounded up to a power of two, so that cat's buffer
 * is larger than one message carries: then the first read has the most a message can ask for, and what is left is a few
 * bytes more than the difference, but less than a whole message. A client that always asks for the most is not meant.
 * Measured on 6.1 and 6.12; the conditions are in docs/9p.md.
 */
export class Streaming {
  readonly kind = 'stream';
  readonly #most: number;
  #offset = -1;
  #count = 0;
  #length = 0;

  constructor(msize: number) {
    this.#most = msize - IO_HEAD;
  }

  /** Is this read the kernel asking for the rest? If so the reply is empty, and noted. */
  rest(offset: number, count: number): boolean {
    const left = this.#count - this.#length;
    const asked = count === left || (this.#count === this.#most && count > left && count < this.#most);
    const rest = this.#length > 0 && offset === this.#offset + this.#length && asked;
    if (rest) this.#length = 0;
    return rest;
  }

  note(offset: number, count: number, length: number): void {
    this.#offset = offset;
    this.#count = count;
    this.#length = length;
  }
}
