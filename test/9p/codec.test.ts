import { readFile } from 'node:fs/promises';
import test from 'ava';
import { Dialect, dialectLinux, dialectPlain, dialectUnix } from '../../src/9p/codec.ts';
import type { Message, Reply } from '../../src/9p/codec.ts';
import { linux, plain, unix } from '../../src/9p/messages.ts';
import type { Linux, Table } from '../../src/9p/messages.ts';
import { Writer } from '../../src/9p/wire.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { random, samples } from './samples.ts';

const tables: [string, Table, Dialect][] = [
  ['9P2000', plain, dialectPlain],
  ['9P2000.u', unix, dialectUnix],
  ['9P2000.L', linux, dialectLinux],
];

type Any = Message<Table>;

const frameOf = (dialect: Dialect, tag: number, message: Any): Buffer => {
  const writer = new Writer(16);
  dialect.encode(writer, tag, message);
  return Buffer.from(writer.written);
};

for (const [name, table, dialect] of tables) {
  test(`${name}: every message comes back from the wire and from its trace line`, (t) => {
    samples(table).forEach((sample, i) => {
      const message = sample as unknown as Any;
      const frame = frameOf(dialect, i + 1, message);
      t.is(frame.readUInt32LE(0), frame.length, sample.type);
      t.is(frame.readUInt16LE(5), i + 1);
      t.deepEqual(dialect.decode(frame), message, sample.type);
      const line = dialect.show(i + 1, message);
      t.deepEqual(dialect.parse(line), { tag: i + 1, message }, line);
    });
  });

  test(`${name}: no field is named type`, (t) => {
    for (const [, fields] of Object.values(table)) t.false('type' in fields);
  });

  test(`${name}: no two messages share a number, replies follow their requests`, (t) => {
    const numbers = Object.values(table).map(([number]) => number);
    t.is(new Set(numbers).size, numbers.length);
    for (const [type, [number]] of Object.entries(table)) {
      if (type.startsWith('T')) t.is(table[`R${type.slice(1)}`]?.[0], number + 1, type);
    }
  });

  test(`${name}: every truncation is refused`, (t) => {
    for (const sample of samples(table)) {
      const frame = frameOf(dialect, 1, sample);
      for (let size = 7; size < frame.length; size++) {
        if (sample.type === 'Tfsync' && size === 11) continue;
        if (sample.type === 'Rreaddir' && size === 7) continue;
        t.throws(() => dialect.decode(frame.subarray(0, size)), { code: 'EPROTO' }, `${sample.type} cut to ${size}`);
      }
      t.throws(() => dialect.decode(Buffer.concat([frame, Buffer.alloc(1)])), { code: 'EPROTO' }, sample.type);
    }
  });

  test(`${name}: mutated frames are read or refused with EPROTO or ENOTSUP, nothing else`, (t) => {
    const next = random(9);
    const codes = new Set<string>();
    for (const sample of samples(table)) {
      const frame = frameOf(dialect, 1, sample);
      for (let round = 0; round < 400; round++) {
        const mutant = Buffer.from(frame);
        for (let hits = 1 + Math.floor(next() * 4); hits > 0; hits--) {
          mutant[4 + Math.floor(next() * (mutant.length - 4))] = next() < 0.3 ? 0xff : Math.floor(next() * 256);
        }
        const tail = next() < 0.2 ? mutant.subarray(0, 7 + Math.floor(next() * (mutant.length - 7))) : mutant;
        try {
          const message = dialect.decode(tail);
          // What was accepted is what the bytes say: it encodes to the same bytes.
          t.deepEqual(frameOf(dialect, tail.readUInt16LE(5), message).subarray(4), tail.subarray(4));
        } catch (error) {
          if (!(error instanceof Errno)) throw error;
          codes.add(error.code);
        }
      }
    }
    t.deepEqual([...codes].sort(), ['ENOTSUP', 'EPROTO']);
  });

  test(`${name}: the bytes are those on record`, async (t) => {
    const file = new URL(`../../fixtures/9p/codec/${name}.txt`, import.meta.url);
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    t.is(lines.length, 2 * Object.keys(table).length);
    for (let i = 0; i < lines.length; i += 2) {
      const { tag, message } = dialect.parse(lines[i]!);
      t.is(frameOf(dialect, tag, message).toString('hex'), lines[i + 1]!.replaceAll(' ', ''), lines[i]);
    }
  });
}

test('Tfsync is taken in both lengths', (t) => {
  const long = frameOf(dialectLinux, 1, {
    type: 'Tfsync',
    fid: 3,
    datasync: 1,
  });
  t.is(long.length, 15);
  t.like(dialectLinux.decode(long), { fid: 3, datasync: 1 });
  t.like(dialectLinux.decode(long.subarray(0, 11)), { fid: 3, datasync: undefined });
});

test('strings: strict UTF-8, no NUL, at most 65535 bytes', (t) => {
  const frame = (name: Buffer): Buffer => {
    const head = Buffer.from([0, 0, 0, 0, 72, 1, 0, 1, 0, 0, 0, name.length & 255, name.length >> 8]);
    return Buffer.concat([head, name, Buffer.alloc(8)]);
  };
  t.like(dialectLinux.decode(frame(Buffer.from('ünï'))), { name: 'ünï' });
  for (const bad of ['a\0b', 'é\0', '\0']) {
    t.throws(() => dialectLinux.decode(frame(Buffer.from(bad))), { code: 'EPROTO' });
  }
  for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
    t.throws(() => dialectLinux.decode(frame(Buffer.from(bad))), { code: 'EPROTO' });
  }
  const writer = new Writer();
  const mkdir = (name: string) => () => {
    dialectLinux.encode(writer, 1, { type: 'Tmkdir', dfid: 1, name, mode: 0, gid: 0 });
  };
  t.throws(mkdir('a\0'), { code: 'EINVAL' });
  t.throws(mkdir('é\0'), { code: 'EINVAL' });
  t.throws(mkdir('x'.repeat(65536)), { code: 'EOVERFLOW' });
  t.throws(mkdir('é'.repeat(32768)), { code: 'EOVERFLOW' });
  t.is(writer.at, 0, 'a failed message leaves nothing behind');
});

test('a count that cannot be there is refused before anything is allocated', (t) => {
  const before = process.memoryUsage().arrayBuffers;
  const walk = Buffer.from('00000000 6e 0100 00000000 01000000 ffff'.replaceAll(' ', ''), 'hex');
  const write = Buffer.from('00000000 76 0100 00000000 0000000000000000 ffffffff'.replaceAll(' ', ''), 'hex');
  for (let i = 0; i < 10_000; i++) {
    t.throws(() => dialectLinux.decode(walk), { code: 'EPROTO' });
    t.throws(() => dialectLinux.decode(write), { code: 'EPROTO' });
  }
  t.true(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

test('numbers that do not fit are refused', (t) => {
  const writer = new Writer();
  const clunk = (fid: number) => () => {
    dialectLinux.encode(writer, 1, { type: 'Tclunk', fid });
  };
  for (const fid of [-1, 0.5, NaN, 2 ** 32]) t.throws(clunk(fid), { code: 'EOVERFLOW' });
  for (const offset of [-1, 0.5, 2 ** 53, -1n, 2n ** 64n]) {
    t.throws(
      () => {
        dialectLinux.encode(writer, 1, { type: 'Tread', fid: 1, offset, count: 1 });
      },
      { code: 'EOVERFLOW' },
    );
  }
});

test('each request demands its own reply', (t) => {
  const answer = (reply: Reply<Linux, 'Tclunk'>): string => reply.type;
  t.is(answer({ type: 'Rclunk' }), 'Rclunk');
  // @ts-expect-error Tclunk is not answered by Rread
  t.is(answer({ type: 'Rread', data: new Uint8Array() }), 'Rread');
});
