import test from 'ava';
import { hash } from 'node:crypto';
import { genesis, start, verify, type Head } from '../../src/agent/verify.ts';

/** Lines of a chain, and the head after each; heads[0] stands before the first. */
const chain = (count: number): { lines: Buffer[]; heads: Head[] } => {
  const heads: Head[] = [start];
  const lines: Buffer[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const body = `{"seq":${seq},"type":"phase","prev":"${heads.at(-1)!.hash}"`;
    const digest = hash('sha256', body);
    lines.push(Buffer.from(`${body},"hash":"${digest}"}\n`));
    heads.push({ seq, hash: digest });
  }
  return { lines, heads };
};

async function* pieces(lines: readonly Buffer[], size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.concat(lines);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('pieces of any size are the same records', async (t) => {
  const { lines, heads } = chain(5);
  for (const size of [1, 7, 64, 1000, 100_000]) {
    const found = await verify(pieces(lines, size), { chain: { anchor: start, head: heads[5]! } });
    t.deepEqual(found, { records: 5, bytes: Buffer.concat(lines).length });
  }
});

test('what the retention takes while it is read is no gap, what anybody else takes is one', async (t) => {
  const { lines, heads } = chain(9);
  const left = [...lines.slice(0, 2), Buffer.from('\n\n\n'), ...lines.slice(6)];
  const ends = { anchor: start, head: heads[9]! };
  const dropped = await verify(pieces(left, 100), {
    chain: ends,
    again: async () => ({ anchor: heads[6]!, head: heads[9]! }),
  });
  t.is(dropped.altered, undefined);
  t.is(dropped.records, 5);
  const stolen = await verify(pieces(left, 100), { chain: ends, again: async () => ends });
  t.like(stolen.altered, { seq: 3, reason: 'records 3 to 6 are missing' });
  const forged = { seq: 6, hash: genesis };
  const wrong = await verify(pieces(left, 100), {
    chain: ends,
    again: async () => ({ anchor: forged, head: heads[9]! }),
  });
  t.is(wrong.altered?.seq, 6);
});

test('heads that were written down: those that are there must match, those before the anchor say nothing', async (t) => {
  const { lines, heads } = chain(9);
  const ends = { anchor: heads[3]!, head: heads[9]! };
  const kept = lines.slice(3);
  const other = '1'.repeat(64);
  const look = async (...known: Head[]) => (await verify(pieces(kept, 100), { chain: ends, known })).altered?.seq;
  t.is(await look(heads[3]!, heads[5]!, heads[9]!), undefined);
  t.is(await look({ seq: 2, hash: other }), undefined);
  t.is(await look({ seq: 3, hash: other }), 3);
  t.is(await look({ seq: 7, hash: other }), 7);
  t.is(await look({ seq: 12, hash: other }), 10);
});
