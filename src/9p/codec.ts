import { Errno } from '../kernel/errno.ts';
import { NOTAG } from './fields.ts';
import { linux, plain, unix } from './messages.ts';
import type { Table } from './messages.ts';
import { struct } from './struct.ts';
import type { Fields, Struct, Values } from './struct.ts';
import { Scanner } from './text.ts';
import { Reader, malformed } from './wire.ts';
import type { Writer } from './wire.ts';

/** size[4] type[1] tag[2]. */
export const HEADER = 7;

/** The messages of a table as a union told apart by `type`, or those named. */
export type Message<T extends Table, N extends keyof T = keyof T> = {
  [K in N]: { readonly type: K } & Readonly<Values<T[K][1]>>;
}[N];

/** The names of a table's requests. */
export type RequestName<T extends Table> = Extract<keyof T, `T${string}`>;

/** The one reply, besides the error, that a request may get. */
export type ReplyName<T extends Table, N extends keyof T> = N extends `T${infer Rest}`
  ? Extract<keyof T, `R${Rest}`>
  : never;
export type Reply<T extends Table, N extends keyof T> = Message<T, ReplyName<T, N>>;

export interface Tagged<T extends Table> {
  readonly tag: number;
  readonly message: Message<T>;
}

interface Row {
  readonly type: string;
  readonly number: number;
  readonly body: Struct<Fields>;
}

/** Both directions of the wire and of the trace for one table. */
export class Dialect<T extends Table = Table> {
  readonly version: string;
  readonly #byNumber: (Row | undefined)[] = [];
  readonly #byName = new Map<string, Row>();

  constructor(version: string, table: T) {
    this.version = version;
    for (const [type, [number, fields]] of Object.entries(table)) {
      const row = { type, number, body: struct(fields) };
      this.#byNumber[number] = row;
      this.#byName.set(type, row);
    }
  }

  /** The name of a message number, if this dialect has it. */
  nameOf(number: number): string | undefined {
    return this.#byNumber[number]?.type;
  }

  /** The message in a whole frame. EPROTO where it is malformed, ENOTSUP where this dialect has no such message. */
  decode(frame: Buffer): Message<T> {
    const row = this.#byNumber[frame[4]!];
    if (!row) throw new Errno('ENOTSUP', `${this.version} has no message ${frame[4]!}`);
    const reader = new Reader(frame, HEADER);
    const message = row.body.read(reader, { type: row.type });
    if (reader.left !== 0) throw malformed(`${reader.left} bytes too many in ${row.type}`);
    return message as unknown as Message<T>;
  }

  /** Appends one frame. When it throws, nothing was appended. */
  encode(to: Writer, tag: number, message: Message<T>): void {
    const row = this.#row(message);
    const start = to.at;
    try {
      to.reserve(HEADER);
      row.body.write(to, message);
    } catch (error) {
      to.at = start;
      throw error;
    }
    to.u32At(start, to.at - start);
    to.bytes[start + 4] = row.number;
    to.u16At(start + 5, tag);
  }

  /** One line: the type, the tag, `name=value`... `parse` reads the same form. */
  show(tag: number, message: Message<T>): string {
    const body = this.#row(message).body.show(message);
    const head = `${message.type as string} ${tag === NOTAG ? 'notag' : tag}`;
    return body === '' ? head : `${head} ${body}`;
  }

  parse(line: string): Tagged<T> {
    const from = new Scanner(line);
    const type = from.word();
    const row = this.#byName.get(type);
    if (!row) throw new Errno('EINVAL', `${this.version} has no ${type}: ${line}`);
    const tag = from.take('notag') ? NOTAG : from.number();
    const message = row.body.parse(from, { type });
    if (!from.done) throw from.fail('the end of the line');
    return { tag, message: message as unknown as Message<T> };
  }

  #row(message: Message<T>): Row {
    const row = this.#byName.get(message.type as string);
    if (!row) throw new Errno('EINVAL', `${this.version} has no ${String(message.type)}`);
    return row;
  }
}

export const dialectPlain = new Dialect('9P2000', plain);
export const dialectUnix = new Dialect('9P2000.u', unix);
export const dialectLinux = new Dialect('9P2000.L', linux);
