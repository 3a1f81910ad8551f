import { dirents } from '../../src/9p/dirent.ts';
import { data, fid, mode32, mode8, qid, string, u16, u32, u64, u8 } from '../../src/9p/fields.ts';
import type { Field } from '../../src/9p/fields.ts';
import type { Table } from '../../src/9p/messages.ts';
import type { Fields } from '../../src/9p/struct.ts';
import { stat, statU } from '../../src/9p/stat.ts';

/** A seeded generator (mulberry32): what fails once fails again. */
export const random = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Values that are all different, so that two swapped fields cannot pass for each other. */
export class Distinct {
  #next = 1;

  number(most: number): number {
    this.#next += 1;
    return most > 0xff ? (this.#next * 257) % most : this.#next % most;
  }

  of(field: Field<unknown>, name: string): unknown {
    if (field === u8 || field === mode8) return this.number(0xff);
    if (field === u16) return this.number(0xffff);
    if (field === u32 || field === mode32 || field === fid) return 0x80000000 + this.number(0x7fffffff);
    if (field === u64)
      return this.#next % 2 === 0 ? 2 ** 40 + this.number(2 ** 32) : 2n ** 63n + BigInt(this.number(2 ** 32));
    if (field === string) return `${name}-é${this.number(0xffff)}`;
    if (field === data) return Buffer.from([0, 255, this.number(0xff), this.number(0xff)]);
    if (field === qid) return this.qid();
    if (field === stat) return this.stat(false);
    if (field === statU) return this.stat(true);
    if (field === dirents) return [this.dirent(), this.dirent()];
    if (name === 'wname') return [`a${this.number(0xffff)}`, `b${this.number(0xffff)}`];
    if (name === 'wqid') return [this.qid(), this.qid()];
    if (name === 'datasync') return this.number(0xffff);
    throw new Error(`no sample for ${name}`);
  }

  qid(): object {
    return { type: this.number(0xff), version: this.number(0xffff), path: 2 ** 33 + this.number(2 ** 32) };
  }

  dirent(): object {
    const name = `e${this.number(0xffff)}`;
    return { qid: this.qid(), offset: this.number(0xffff), type: this.number(0xff), name };
  }

  stat(numbers: boolean): object {
    const text = (name: string): string => `${name}${this.number(0xffff)}`;
    return {
      type: this.number(0xffff),
      dev: this.number(2 ** 31),
      qid: this.qid(),
      mode: this.number(2 ** 31),
      atime: this.number(2 ** 31),
      mtime: this.number(2 ** 31),
      length: 2 ** 41 + this.number(2 ** 31),
      name: text('n'),
      uid: text('u'),
      gid: text('g'),
      muid: text('m'),
      ...(numbers && {
        extension: text('x'),
        n_uid: this.number(2 ** 31),
        n_gid: this.number(2 ** 31),
        n_muid: this.number(2 ** 31),
      }),
    };
  }

  message(type: string, fields: Fields): { type: string } & Record<string, unknown> {
    const values = Object.entries(fields).map(([name, field]) => [name, this.of(field, name)] as const);
    return { type, ...Object.fromEntries(values) };
  }
}

/** One message of every row, all values of the table different. */
export const samples = (table: Table): ({ type: string } & Record<string, unknown>)[] => {
  const distinct = new Distinct();
  return Object.entries(table).map(([type, [, fields]]) => distinct.message(type, fields));
};
