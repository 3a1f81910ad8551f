import { Errno } from '../kernel/errno.ts';
import { nameText } from '../kernel/name.ts';
import type { Attributes } from '../kernel/node.ts';

/**
 * The fields messages are made of. A field reads itself from a cursor and writes itself at a place of a buffer; a
 * struct is a field made of fields in wire order. Numbers are little-endian: FUSE speaks the machine's own order and
 * Node runs on little-endian machines only.
 */
export interface Field<T> {
  /** Bytes; a field of variable length counts its fixed part, which is 0. */
  readonly size: number;
  /** `before` holds what was read of the same message so far: a later field may be counted by an earlier one. */
  readonly read: (cursor: Cursor, before: Record<string, unknown>) => T;
  readonly write: (to: Buffer, at: number, value: T) => void;
}

/** A field that carries nothing and does not appear in the value. */
export interface Pad {
  readonly pad: number;
}

/** A place in a frame. Every read asks `take`: bounds are checked nowhere else. */
export class Cursor {
  readonly buffer: Buffer;
  at: number;
  readonly end: number;

  constructor(buffer: Buffer, at: number, end: number) {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
  }

  /** Goes past `size` bytes and returns where they begin. EIO where the frame has not as many. */
  take(size: number): number {
    const { at } = this;
    if (size > this.end - at) throw new Errno('EIO', 'the message is cut short');
    this.at = at + size;
    return at;
  }
}

const TWO32 = 0x1_0000_0000;
const only = (): never => {
  throw new Error('a field of requests only');
};

export const pad = (bytes: number): Pad => ({ pad: bytes });

export const u16: Field<number> = {
  size: 2,
  read: (cursor) => cursor.buffer.readUInt16LE(cursor.take(2)),
  write: (to, at, value) => to.writeUInt16LE(value, at),
};

export const u32: Field<number> = {
  size: 4,
  read: (cursor) => cursor.buffer.readUInt32LE(cursor.take(4)),
  write: (to, at, value) => to.writeUInt32LE(value, at),
};

export const i32: Field<number> = {
  size: 4,
  read: (cursor) => cursor.buffer.readInt32LE(cursor.take(4)),
  write: (to, at, value) => to.writeInt32LE(value, at),
};

/**
 * A number that does not fit into a safe integer reads as the largest safe integer: no node, handle or file of ours
 * reaches it, so what it stands for does not exist (EBADF, ESTALE, EINVAL), and no arithmetic can go wrong on the way.
 */
export const u64: Field<number> = {
  size: 8,
  read: (cursor) => {
    const at = cursor.take(8);
    const high = cursor.buffer.readUInt32LE(at + 4);
    return high > 0x1f_ffff ? Number.MAX_SAFE_INTEGER : high * TWO32 + cursor.buffer.readUInt32LE(at);
  },
  write: (to, at, value) => {
    to.writeUInt32LE(value % TWO32, at);
    to.writeUInt32LE(Math.floor(value / TWO32), at + 4);
  },
};

/** Seconds of a time may lie before 1970. */
export const i64: Field<number> = {
  size: 8,
  read: (cursor) => {
    const at = cursor.take(8);
    return cursor.buffer.readInt32LE(at + 4) * TWO32 + cursor.buffer.readUInt32LE(at);
  },
  write: (to, at, value) => {
    const high = Math.floor(value / TWO32);
    to.writeUInt32LE(value - high * TWO32, at);
    to.writeInt32LE(high, at + 4);
  },
};

/** A string that ends with NUL; bytes that are no UTF-8 as `nameText` has them. */
export const text: Field<string> = {
  size: 0,
  read: (cursor) => {
    const { buffer, at, end } = cursor;
    const nul = buffer.indexOf(0, at);
    if (nul < 0 || nul >= end) throw new Errno('EIO', 'a string without an end');
    cursor.take(nul + 1 - at);
    return nameText(buffer.subarray(at, nul));
  },
  write: only,
};

/** As many bytes as an earlier field says: a view of the frame, valid until the handler's first wait. */
export const bytes = (counter: string): Field<Buffer> => ({
  size: 0,
  read: (cursor, before) => {
    const size = before[counter] as number;
    const at = cursor.take(size);
    return cursor.buffer.subarray(at, at + size);
  },
  write: only,
});

/** As many of one field as an earlier one says; the count is checked against the bytes left before anything is made. */
export const list = <T>(item: Field<T>, counter: string): Field<T[]> => ({
  size: 0,
  read: (cursor, before) => {
    const count = before[counter] as number;
    if (count * item.size > cursor.end - cursor.at) throw new Errno('EIO', 'the message is cut short');
    return Array.from({ length: count }, () => item.read(cursor, before));
  },
  write: only,
});

/** Whatever is left, unread: for messages that newer kernels make longer. */
export const rest: Field<undefined> = {
  size: 0,
  read: (cursor) => void cursor.take(cursor.end - cursor.at),
  write: only,
};

interface AnyField {
  readonly size: number;
  readonly read: (cursor: Cursor, before: Record<string, unknown>) => unknown;
  readonly write: (to: Buffer, at: number, value: never) => void;
}

/** The value of a struct: its fields without the padding. */
export type Value<F> = {
  -readonly [K in keyof F as F[K] extends Pad ? never : K]: F[K] extends Field<infer T> ? T : never;
};

export const struct = <const F extends Readonly<Record<string, AnyField | Pad>>>(fields: F): Field<Value<F>> => {
  const members = Object.entries(fields).map(([name, field]) =>
    'pad' in field ? { name, field: undefined, size: field.pad } : { name, field, size: field.size },
  );
  return {
    size: members.reduce((sum, { size }) => sum + size, 0),
    read: (cursor) => {
      const value: Record<string, unknown> = {};
      for (const { name, field, size } of members) {
        if (field) value[name] = field.read(cursor, value);
        else cursor.take(size);
      }
      return value as Value<F>;
    },
    write: (to, at, value) => {
      let place = at;
      for (const { name, field, size } of members) {
        if (field) field.write(to, place, (value as Record<string, unknown>)[name] as never);
        else to.fill(0, place, place + size);
        place += size;
      }
    },
  };
};

const SECOND = 1_000_000_000n;
/** struct fuse_attr, 88 bytes, straight from what the session says. */
export const attributes: Field<Attributes> = {
  size: 88,
  read: only,
  write: (to, at, value) => {
    u64.write(to, at, value.qid);
    u64.write(to, at + 8, value.size);
    u64.write(to, at + 16, value.blocks);
    time(to, at + 24, at + 48, value.atime);
    time(to, at + 32, at + 52, value.mtime);
    time(to, at + 40, at + 56, value.ctime);
    to.writeUInt32LE(value.mode, at + 60);
    to.writeUInt32LE(value.nlink, at + 64);
    to.writeUInt32LE(value.uid, at + 68);
    to.writeUInt32LE(value.gid, at + 72);
    to.writeUInt32LE(value.rdev, at + 76);
    to.writeUInt32LE(value.blksize, at + 80);
    to.writeUInt32LE(0, at + 84);
  },
};

/** The last time that was taken apart: the three of a node are mostly one, and one node is asked about again. */
let split = { value: 0n, whole: 0, part: 0 };

const time = (to: Buffer, seconds: number, nanoseconds: number, value: bigint): void => {
  if (split.value !== value) {
    const part = value % SECOND;
    const below = part < 0n;
    const whole = value / SECOND;
    split = { value, whole: Number(whole) - (below ? 1 : 0), part: Number(below ? part + SECOND : part) };
  }
  i64.write(to, seconds, split.whole);
  to.writeUInt32LE(split.part, nanoseconds);
};
