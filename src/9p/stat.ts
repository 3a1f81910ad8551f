import { mode32, qid, string, u16, u32, u64 } from './fields.ts';
import type { Field } from './fields.ts';
import { braced, sized, struct, within } from './struct.ts';
import type { Fields, Values } from './struct.ts';
import { Reader, Writer } from './wire.ts';

/** stat(5), the fields after size[2]. */
const plainFields = {
  type: u16,
  dev: u32,
  qid,
  mode: mode32,
  atime: u32,
  mtime: u32,
  length: u64,
  name: string,
  uid: string,
  gid: string,
  muid: string,
};

/** What 9P2000.u adds: the target of a link or `b 8 1` of a device, and numeric owners. */
const unixFields = { ...plainFields, extension: string, n_uid: u32, n_gid: u32, n_muid: u32 };

export type Stat = Values<typeof plainFields>;
export type StatU = Values<typeof unixFields>;

/** One record: size[2] and exactly that many bytes. */
const record = <F extends Fields>(fields: F): Field<Values<F>> => {
  const body = struct(fields);
  return {
    least: 2 + body.least,
    read: (from) => within(from, from.u16(), (inner) => body.read(inner)),
    write: (to, value) => {
      sized(to, () => {
        body.write(to, value);
      });
    },
    ...braced(body),
  };
};

/** In Rstat and Twstat the record stands in a counted field of its own: nstat[2] stat[nstat] (stat(5), BUGS). */
const counted = <T>(item: Field<T>): Field<T> => ({
  ...item,
  least: 2 + item.least,
  read: (from) => within(from, from.u16(), (inner) => item.read(inner)),
  write: (to, value) => {
    sized(to, () => {
      item.write(to, value);
    });
  },
});

export const statRecord: Field<Stat> = record(plainFields);
export const statRecordU: Field<StatU> = record(unixFields);
export const stat: Field<Stat> = counted(statRecord);
export const statU: Field<StatU> = counted(statRecordU);

/** The bytes of one record, as a directory read carries them. */
export const encodeStat = <T>(field: Field<T>, value: T): Buffer => {
  const writer = new Writer(256);
  field.write(writer, value);
  return writer.written;
};

/** The records in the data of a directory read. */
export const decodeStats = <T>(field: Field<T>, bytes: Buffer): T[] => {
  const reader = new Reader(bytes);
  const all: T[] = [];
  while (reader.left > 0) all.push(field.read(reader));
  return all;
};

/** Mode bits of stat(5) above the permissions; from DMSYMLINK on they are 9P2000.u's. */
export const DMDIR = 0x80000000;
export const DMAPPEND = 0x40000000;
export const DMEXCL = 0x20000000;
export const DMSYMLINK = 0x02000000;
export const DMLINK = 0x01000000;
export const DMDEVICE = 0x00800000;
export const DMNAMEDPIPE = 0x00200000;
export const DMSOCKET = 0x00100000;
export const DMSETUID = 0x00080000;
export const DMSETGID = 0x00040000;
export const DMSETVTX = 0x00010000;

/** "Don't touch" of Twstat: all bits set; for strings, empty. */
export const KEEP32 = 0xffffffff;
export const KEEP64 = 0xffffffffffffffffn;
