import type { Reader, U64, Writer } from './wire.ts';
import type { Scanner } from './text.ts';

/** One kind of field: both directions of the wire and of the trace. */
export interface Field<T> {
  /** Fewest bytes it takes on the wire. */
  readonly least: number;
  read(from: Reader): T;
  write(to: Writer, value: T): void;
  show(value: T): string;
  parse(from: Scanner): T;
}

const text = {
  show: (value: number): string => String(value),
  parse: (from: Scanner): number => from.number(),
};

export const u8: Field<number> = { least: 1, read: (from) => from.u8(), write: (to, value) => to.u8(value), ...text };
export const u16: Field<number> = {
  least: 2,
  read: (from) => from.u16(),
  write: (to, value) => to.u16(value),
  ...text,
};
export const u32: Field<number> = {
  least: 4,
  read: (from) => from.u32(),
  write: (to, value) => to.u32(value),
  ...text,
};

/** Permission and flag words, shown in octal. */
const octal = { show: (value: number): string => `0o${value.toString(8)}` };
export const mode32: Field<number> = { ...u32, ...octal };
export const mode8: Field<number> = { ...u8, ...octal };

/** "No fid" (version(5)): as afid, no authentication was done; as n_uname, no number. */
export const NOFID = 0xffffffff;
export const NOTAG = 0xffff;
/** Names in one Twalk: MAXWELEM of intro(5). */
export const MAX_NAMES = 16;
/** What a client keeps of msize for all of a Twrite or Rread but its data: P9_IOHDRSZ of Linux's include/net/9p/9p.h. */
export const IO_HEAD = 24;
/** unlinkat(2), in Tunlinkat. */
export const AT_REMOVEDIR = 0x200;

export const fid: Field<number> = {
  ...u32,
  show: (value) => (value === NOFID ? 'nofid' : String(value)),
  parse: (from) => (from.take('nofid') ? NOFID : from.number()),
};

export const u64: Field<U64> = {
  least: 8,
  read: (from) => from.u64(),
  write: (to, value) => to.u64(value),
  show: (value) => String(value),
  parse: (from) => {
    const value = BigInt(from.word());
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  },
};

export const string: Field<string> = {
  least: 2,
  read: (from) => from.string(),
  write: (to, value) => to.string(value),
  show: (value) => JSON.stringify(value),
  parse: (from) => from.string(),
};

/** count[4] and that many bytes. Decoded it is a view of the frame. Shown as a string where it is text, in hex otherwise. */
export const data: Field<Uint8Array> = {
  least: 4,
  read: (from) => from.data(from.u32()),
  write: (to, value) => {
    to.u32(value.length);
    to.data(value);
  },
  show: (value) => {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    const words = bytes.toString('utf8');
    return Buffer.from(words).equals(bytes) ? JSON.stringify(words) : `hex(${bytes.toString('hex')})`;
  },
  parse: (from) => {
    if (!from.take('hex(')) return Buffer.from(from.string());
    const bytes = Buffer.from(from.word(), 'hex');
    from.need(')');
    return bytes;
  },
};

/** What tells nodes apart on the wire: type (QT... bits of open(5)), version, and a path unique within the server. */
export interface Qid {
  readonly type: number;
  readonly version: number;
  readonly path: U64;
}

export const QTDIR = 0x80;
export const QTSYMLINK = 0x02;
export const QTFILE = 0;

const letters = new Map([
  [QTDIR, 'd'],
  [QTSYMLINK, 'l'],
  [QTFILE, 'f'],
]);

/** type[1] version[4] path[8], shown as (path version type). */
export const qid: Field<Qid> = {
  least: 13,
  read: (from) => ({ type: from.u8(), version: from.u32(), path: from.u64() }),
  write: (to, value) => {
    to.u8(value.type);
    to.u32(value.version);
    to.u64(value.path);
  },
  show: ({ path, version, type }) => `(${path} ${version} ${letters.get(type) ?? `0x${type.toString(16)}`})`,
  parse: (from) => {
    from.need('(');
    const path = u64.parse(from);
    const version = from.number();
    const word = from.word();
    from.need(')');
    const [type] = [...letters].find(([, letter]) => letter === word) ?? [Number(word)];
    return { type, version, path };
  },
};

/** count[2] and that many of `item`. */
export const list = <T>(item: Field<T>): Field<readonly T[]> => ({
  least: 2,
  read: (from) => {
    const count = from.list(from.u16(), item.least);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item.read(from));
    return items;
  },
  write: (to, value) => {
    to.u16(value.length);
    for (const one of value) item.write(to, one);
  },
  show: (value) => `[${value.map((one) => item.show(one)).join(' ')}]`,
  parse: (from) => from.list('[', ']', () => item.parse(from)),
});

/** A last field that some clients leave out (datasync of Tfsync); undefined where it is absent. */
export const maybe = <T>(item: Field<T>): Field<T | undefined> => ({
  least: 0,
  read: (from) => (from.left === 0 ? undefined : item.read(from)),
  write: (to, value) => {
    if (value !== undefined) item.write(to, value);
  },
  show: (value) => (value === undefined ? '-' : item.show(value)),
  parse: (from) => (from.take('-') ? undefined : item.parse(from)),
});
