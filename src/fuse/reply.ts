import { Errno } from '../kernel/errno.ts';
import { replyHeader, type Op, messages } from './messages.ts';
import type { Field } from './wire.ts';

/** Most bytes of one write or read, in pages of 4096 and in bytes. */
export const MAX_PAGES = 256;
export const MAX_WRITE = MAX_PAGES * 4096;
/** What the kernel wants the buffer of a read(2) on its device to hold. */
export const FRAME = MAX_WRITE + 4096;

const HEADER = replyHeader.size;

/** Writes one whole message to the kernel. Must not keep the buffer. */
export type Write = (message: Buffer, length: number) => void;

/** Encodes answers, all in one buffer: an answer is written before the next one is begun. */
export class Replies {
  readonly #out = Buffer.allocUnsafeSlow(HEADER + MAX_WRITE);
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  answer(op: Op, unique: number, value: unknown): void {
    const { reply } = messages[op];
    if (reply === 'none') return;
    if (reply === 'empty') this.#send(unique, 0, 0);
    else if (reply === 'raw') {
      const bytes = value as Uint8Array;
      if (bytes.length > MAX_WRITE) throw new Errno('EIO', 'an answer larger than the kernel takes');
      this.#out.set(bytes, HEADER);
      this.#send(unique, 0, bytes.length);
    } else {
      (reply as Field<unknown>).write(this.#out, HEADER, value);
      this.#send(unique, 0, reply.size);
    }
  }

  /** `number` is errno, positive. */
  fail(unique: number, number: number): void {
    this.#send(unique, number, 0);
  }

  #send(unique: number, number: number, size: number): void {
    replyHeader.write(this.#out, 0, { len: HEADER + size, error: -number, unique });
    this.#write(this.#out, HEADER + size);
  }
}
