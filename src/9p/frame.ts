import { HEADER } from './codec.ts';
import { malformed } from './wire.ts';

/**
 * Cuts a byte stream into frames. It holds at most one chunk and one frame that is not whole yet, and no more memory for
 * that frame than twice the bytes that really came, whatever its header announces.
 */
export class Frames {
  /** The largest frame taken: the negotiated msize. */
  limit: number;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #partial: Buffer | undefined;
  #filled = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Give it the next chunk only when `next` has returned undefined. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next whole frame (a view where it lies in one chunk), or undefined until more comes. EPROTO: the stream is lost. */
  next(): Buffer | undefined {
    if (this.#partial) return this.#complete(this.#partial);
    const left = this.#chunk.length - this.#at;
    if (left >= 4) {
      const size = this.#checked(this.#chunk, this.#at);
      if (left >= size) return this.#chunk.subarray(this.#at, (this.#at += size));
    }
    return left === 0 ? undefined : this.#complete((this.#partial = Buffer.allocUnsafeSlow(64)));
  }

  #checked(bytes: Buffer, at: number): number {
    const size = bytes.readUInt32LE(at);
    if (size < HEADER) throw malformed(`a frame of ${size} bytes`);
    if (size > this.limit) throw malformed(`a frame of ${size} bytes where ${this.limit} were agreed`);
    return size;
  }

  #complete(partial: Buffer): Buffer | undefined {
    if (!this.#fill(partial, 4)) return undefined;
    const size = this.#checked(partial, 0);
    if (!this.#fill(partial, size)) return undefined;
    const frame = this.#partial?.subarray(0, size);
    this.#partial = undefined;
    this.#filled = 0;
    return frame;
  }

  /** Moves bytes from the chunk until `wanted` are there. */
  #fill(partial: Buffer, wanted: number): boolean {
    const count = Math.min(wanted - this.#filled, this.#chunk.length - this.#at);
    if (count > 0) {
      const total = this.#filled + count;
      let room = partial;
      if (total > room.length) {
        room = this.#partial = Buffer.allocUnsafeSlow(Math.min(Math.max(total, room.length * 2), wanted));
        partial.copy(room, 0, 0, this.#filled);
      }
      this.#chunk.copy(room, this.#filled, this.#at, (this.#at += count));
      this.#filled = total;
    }
    return this.#filled >= wanted;
  }
}
