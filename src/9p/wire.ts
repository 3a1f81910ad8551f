import { isUtf8 } from 'node:buffer';
import { Errno } from '../kernel/errno.ts';

/** A 64-bit number: a plain number while it is a safe integer, a bigint above. One value has one form, so it can key a Map. */
export type U64 = number | bigint;

const TWO32 = 2 ** 32;
const HIGH_SAFE = 2 ** 21;

/** What a message that cannot be parsed is answered with. */
export const malformed = (reason: string): Errno => new Errno('EPROTO', reason);

/** A U64 that must be usable as an offset or a size. */
export const safe = (value: U64): number => {
  if (typeof value === 'number') return value;
  throw new Errno('EOVERFLOW', `${value} is larger than any offset`);
};

/** Reads little-endian fields of one frame. Every bound of the codec is checked in `take` and `list`, nowhere else. */
export class Reader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** The start of the next `count` bytes, which are consumed. */
  take(count: number): number {
    const { at } = this;
    if (count > this.end - at) throw malformed(`${count} bytes wanted, ${this.end - at} left`);
    this.at = at + count;
    return at;
  }

  /** A count of items of at least `least` bytes each; refused before anything is allocated when they cannot be there. */
  list(count: number, least: number): number {
    if (count * least > this.left) throw malformed(`${count} items announced, ${this.left} bytes left`);
    return count;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  u16(): number {
    const at = this.take(2);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  u32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  u64(): U64 {
    const low = this.u32();
    const high = this.u32();
    return high < HIGH_SAFE ? high * TWO32 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  /** A view, not a copy. */
  data(count: number): Buffer {
    const at = this.take(count);
    return this.bytes.subarray(at, at + count);
  }

  /** size[2] and that many bytes of strict UTF-8 without NUL. */
  string(): string {
    const size = this.u16();
    const at = this.take(size);
    const { bytes } = this;
    const end = at + size;
    let bits = 0;
    for (let i = at; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === 0) throw malformed('a string holds NUL');
      bits |= byte;
    }
    if (bits < 0x80) return bytes.toString('latin1', at, end);
    if (!isUtf8(bytes.subarray(at, end))) throw malformed('a string is not UTF-8');
    return bytes.toString('utf8', at, end);
  }
}

/** Writes little-endian fields one after another into a buffer that grows. */
export class Writer {
  bytes: Buffer;
  at = 0;

  constructor(size = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  /** The start of `count` writable bytes, which count as written. */
  reserve(count: number): number {
    const { at } = this;
    const end = at + count;
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, at);
      this.bytes = larger;
    }
    this.at = end;
    return at;
  }

  u8(value: number): void {
    check(value, 0xff);
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  u16(value: number): void {
    check(value, 0xffff);
    this.u16At(this.reserve(2), value);
  }

  u32(value: number): void {
    check(value, 0xffffffff);
    this.u32At(this.reserve(4), value);
  }

  u64(value: U64): void {
    if (typeof value === 'number') {
      check(value, Number.MAX_SAFE_INTEGER);
      const at = this.reserve(8);
      this.u32At(at, value);
      this.u32At(at + 4, Math.floor(value / TWO32));
    } else {
      if (value < 0n || value >> 64n !== 0n) throw new Errno('EOVERFLOW', `${value} does not fit`);
      const at = this.reserve(8);
      this.bytes.writeBigUInt64LE(value, at);
    }
  }

  data(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.bytes.set(value, at);
  }

  string(value: string): void {
    const { length } = value;
    const start = this.reserve(2 + length);
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.#unicode(start, value);
        return;
      }
      if (unit === 0) throw new Errno('EINVAL', 'a string holds NUL');
      bytes[start + 2 + i] = unit;
    }
    check(length, 0xffff);
    this.u16At(start, length);
  }

  #unicode(start: number, value: string): void {
    const size = Buffer.byteLength(value);
    check(size, 0xffff);
    if (value.includes('\0')) throw new Errno('EINVAL', 'a string holds NUL');
    this.at = start;
    this.reserve(2 + size);
    this.u16At(start, size);
    this.bytes.write(value, start + 2, size, 'utf8');
  }

  u16At(at: number, value: number): void {
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
  }

  u32At(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** What was written so far: a view, good until the next write. */
  get written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }
}

const check = (value: number, most: number): void => {
  if (!(value >= 0 && value <= most && Number.isInteger(value))) throw new Errno('EOVERFLOW', `${value} does not fit`);
};
