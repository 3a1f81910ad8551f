import { hash } from 'node:crypto';

/** `prev` of a first record. */
export const genesis = '0'.repeat(64);
/** `,"hash":"<64 hex digits>"}`: what is not hashed. */
export const TAIL = 75;
/** A line that goes on longer than any record may is none. */
const LONGEST = 1024 * 1024;
const newline = 0x0a;

export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** What a chain hangs between: the record before the oldest that is kept, and the newest. */
export interface Chain {
  readonly anchor: Head;
  readonly head: Head;
}

export const start: Head = { seq: 0, hash: genesis };

export interface Altered {
  /** Where the first record that does not hold begins, in bytes from the start of what is kept. */
  readonly offset: number;
  readonly seq: number;
  readonly reason: string;
}

export interface Verified {
  readonly records: number;
  readonly bytes: number;
  readonly altered?: Altered;
}

export interface VerifyOptions {
  /** Absent: the first record that is there is taken on trust, and a lost end is not seen. */
  readonly chain?: Chain | undefined;
  /** Asked when records are missing: the retention may have taken them while they were read. */
  readonly again?: () => Promise<Chain>;
  /** Heads that were written down earlier, in the order of their numbers. Those before the anchor say nothing. */
  readonly known?: readonly Head[];
}

/** The number and the hash of a record, from its line without newline; undefined where it has none. */
export const headOf = (line: Buffer): Head | undefined => {
  const digest = /^,"hash":"([0-9a-f]{64})"\}$/.exec(line.subarray(-TAIL).toString('latin1'))?.[1];
  const seq = /^\{"seq":(\d{1,15}),/.exec(line.subarray(0, 32).toString('latin1'))?.[1];
  return digest === undefined || seq === undefined ? undefined : { seq: Number(seq), hash: digest };
};

/** The record that is the first altered, replaced, moved or missing one of a trajectory, which is given in pieces. */
export const verify = async (pieces: AsyncIterable<Uint8Array>, options: VerifyOptions = {}): Promise<Verified> => {
  let { chain } = options;
  let previous = chain?.anchor;
  let at = 0;
  let records = 0;
  let bytes = 0;
  const known = [...(options.known ?? []), ...(chain ? [chain.head] : [])];
  const found = (offset: number, seq: number, reason: string): Verified => ({
    records,
    bytes,
    altered: { offset, seq, reason },
  });
  const cut = known.find(({ seq, hash }) => seq === previous?.seq && hash !== previous.hash);
  if (cut) return found(0, cut.seq, 'the one that was cut off is not the record that was written');
  for await (const { offset, line } of lines(pieces)) {
    bytes = offset + line.length + 1;
    const expected = previous && previous.seq + 1;
    const checked = check(line);
    if (typeof checked === 'string') return found(offset, expected ?? headOf(line)?.seq ?? 1, checked);
    const { seq, prev } = checked;
    if (previous && seq !== previous.seq + 1 && options.again) {
      const { anchor } = (chain = await options.again());
      if (anchor.seq === seq - 1) previous = anchor;
    }
    if (previous && seq !== previous.seq + 1) {
      const missing = seq > previous.seq ? `${gap(previous.seq + 1, seq - 1)} missing` : `record ${seq} stands there`;
      return found(offset, previous.seq + 1, missing);
    }
    if (previous ? prev !== previous.hash : seq === 1 && prev !== genesis) {
      // Each holds by itself, so what the later one names as its predecessor has been replaced.
      return records === 0
        ? found(offset, seq, 'it does not follow what was cut off before it')
        : found(at, previous!.seq, `it was replaced: record ${seq} follows another one`);
    }
    const wrong = known.find((head) => head.seq === seq && head.hash !== checked.hash);
    if (wrong) return found(offset, seq, 'it is not the record that was written');
    previous = checked;
    at = offset;
    records++;
  }
  const end = previous ?? start;
  const last = Math.max(...known.map(({ seq }) => seq), 0);
  if (last > end.seq) return found(bytes, end.seq + 1, `${gap(end.seq + 1, last)} missing at the end`);
  return { records, bytes };
};

const gap = (from: number, to: number): string => (from === to ? `record ${from} is` : `records ${from} to ${to} are`);

/** A record that holds by itself, or why it does not. */
const check = (line: Buffer): (Head & { prev: string }) | string => {
  const head = headOf(line);
  if (!head) return 'it is not a record';
  const body = line.subarray(0, -TAIL);
  if (hash('sha256', body) !== head.hash) return 'it does not match its hash';
  const prev = /,"prev":"([0-9a-f]{64})"$/.exec(body.subarray(-76).toString('latin1'))?.[1];
  return prev === undefined ? 'it names no record before it' : { ...head, prev };
};

/** Empty lines are what was dropped while somebody read. */
async function* lines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<{ offset: number; line: Buffer }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      if (end > from) yield { offset: offset + from, line: bytes.subarray(from, end) };
      from = end + 1;
    }
    rest = bytes.subarray(from);
    offset += from;
    if (rest.length > LONGEST) break;
  }
  if (rest.length > 0) yield { offset, line: rest };
}
