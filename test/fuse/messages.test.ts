import test from 'ava';
import {
  attrOut,
  entryOut,
  messages,
  notices,
  openOut,
  replyHeader,
  requestHeader,
  type Op,
} from '../../src/fuse/messages.ts';
import { attributes as attr, Cursor, i64, struct, text, u64 } from '../../src/fuse/wire.ts';
import { nameBytes } from '../../src/kernel/name.ts';
import { frames } from '../support/frames.ts';
import { attributes } from '../support/nodes.ts';

const all = Object.keys(messages) as Op[];

test('every message has its own number and a recorded frame', (t) => {
  t.is(new Set(all.map((op) => messages[op].number)).size, all.length);
  t.deepEqual([...frames().keys()].sort(), [...all].sort());
});

test('every recorded frame is consumed to its last byte', (t) => {
  for (const [op, frame] of frames()) {
    const header = requestHeader.read(new Cursor(frame, 0, frame.length), {});
    t.is(header.len, frame.length, op);
    t.is(header.opcode, messages[op].number, op);
    const cursor = new Cursor(frame, requestHeader.size, frame.length);
    messages[op].request.read(cursor, {});
    t.is(cursor.at, frame.length, op);
  }
});

test('every truncation of a body is refused', (t) => {
  for (const [op, frame] of frames()) {
    for (let length = requestHeader.size; length < frame.length; length++) {
      // INIT is longer on newer kernels; what is behind its first four numbers may be missing.
      if (op === 'INIT' && length >= requestHeader.size + 16) break;
      t.throws(
        () => messages[op].request.read(new Cursor(frame, requestHeader.size, length), {}),
        { code: 'EIO' },
        `${op} ${length}`,
      );
    }
  }
});

test('what a frame says', (t) => {
  const read = (op: Op) => messages[op].request.read(new Cursor(frames().get(op)!, 40, frames().get(op)!.length), {});
  t.like(read('RENAME2'), { newdir: 1, flags: 1, name: 'hello', newName: 'hello2' });
  t.like(read('CREATE'), { mode: 0o100640, name: 'new' });
  t.like(read('SETXATTR'), { name: 'user.x', value: Buffer.from('v') });
  t.deepEqual(read('BATCH_FORGET'), {
    count: 2,
    forgets: [
      { nodeid: 2, nlookup: 1 },
      { nodeid: 3, nlookup: 1 },
    ],
  });
});

test('sizes are those of linux/fuse.h', (t) => {
  t.is(requestHeader.size, 40);
  t.is(replyHeader.size, 16);
  t.is(attr.size, 88);
  t.is(entryOut.size, 128);
  t.is(attrOut.size, 104);
  t.is(openOut.size, 16);
  t.is((messages.INIT.reply as { size: number }).size, 64);
  t.is((messages.STATFS.reply as { size: number }).size, 80);
  t.is((messages.CREATE.reply as { size: number }).size, 144);
  t.is((messages.SETATTR.request as { size: number }).size, 88);
  t.is((messages.READ.request as { size: number }).size, 40);
  t.is((messages.COPY_FILE_RANGE.request as { size: number }).size, 56);
  t.is(notices.invalEntry.size, 16);
  t.is(notices.delete.size, 24);
});

const round = <T>(
  field: {
    size: number;
    read: (c: Cursor, before: Record<string, unknown>) => T;
    write: (to: Buffer, at: number, value: T) => void;
  },
  value: T,
): T => {
  const buffer = Buffer.alloc(field.size);
  field.write(buffer, 0, value);
  return field.read(new Cursor(buffer, 0, buffer.length), {});
};

test('64-bit numbers', (t) => {
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER])
    t.is(round(u64, value), value);
  for (const value of [0, -1, -(2 ** 32), 2 ** 40 + 7, -(2 ** 40) - 7]) t.is(round(i64, value), value);
  // What no safe integer can say becomes the largest one, which names nothing.
  t.is(u64.read(new Cursor(Buffer.alloc(8, 0xff), 0, 8), {}), Number.MAX_SAFE_INTEGER);
});

test('strings end with NUL and keep their bytes', (t) => {
  const read = (bytes: Buffer) => text.read(new Cursor(bytes, 0, bytes.length), {});
  t.is(read(Buffer.from('grün\0')), 'grün');
  t.is(read(Buffer.from('\ufffd\0')), '\ufffd');
  t.throws(() => read(Buffer.from('no end')), { code: 'EIO' });
  t.deepEqual(nameBytes(read(Buffer.from([0x66, 0xff, 0]))), Buffer.from([0x66, 0xff]));
  const two = struct({ a: text, b: text });
  const both = Buffer.from('a\0b\0');
  t.deepEqual(two.read(new Cursor(both, 0, 4), {}), { a: 'a', b: 'b' });
});

test('times before 1970 and nanoseconds', (t) => {
  const buffer = Buffer.alloc(attr.size);
  attr.write(buffer, 0, { ...attributes(7, 0o100644, 5), mtime: -1n, atime: 1_700_000_000_123_456_789n });
  t.is(buffer.readBigInt64LE(24), 1_700_000_000n);
  t.is(buffer.readUInt32LE(48), 123_456_789);
  t.is(buffer.readBigInt64LE(32), -1n);
  t.is(buffer.readUInt32LE(52), 999_999_999);
});
