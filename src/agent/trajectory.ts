import { hash } from 'node:crypto';
import { Errno } from '../kernel/errno.ts';
import type { Journal } from './journal.ts';
import { line, RECORD } from './record.ts';

const genesis = '0'.repeat(64);
/** `,"hash":"<64 hex digits>"}`: what is not hashed. */
const tail = 75;

export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/**
 * The chain of everything an agent did. The hash of a record is the SHA-256 of its line up to the member `hash`, which
 * comes last; `prev` is the hash of the record before, so nothing can be changed, left out or moved without being seen.
 */
export class Trajectory {
  readonly journal: Journal;
  #head: Head;

  constructor(journal: Journal, head: Head = { seq: 0, hash: genesis }) {
    this.journal = journal;
    this.#head = head;
  }

  /** Goes on from the last record on disk. */
  static async open(journal: Journal): Promise<Trajectory> {
    const last = await journal.last();
    return new Trajectory(journal, last === undefined ? undefined : (JSON.parse(last) as Head));
  }

  get head(): Head {
    return this.#head;
  }

  append(record: { time: string; tick: number; cause: string; type: string } & Record<string, unknown>): void {
    const seq = this.#head.seq + 1;
    // Of a record that was cut, `line` keeps the short members, so seq and prev stand in every one.
    const body = line({ seq, ...record, prev: this.#head.hash }, RECORD - tail - 2).slice(0, -1);
    const digest = hash('sha256', body);
    this.journal.appendLine(`${body},"hash":"${digest}"}`, record.time);
    this.#head = { seq, hash: digest };
  }
}

export interface Altered {
  /** Where the first record that does not hold begins, in bytes from the start of what is kept. */
  readonly offset: number;
  readonly seq: number | undefined;
  readonly reason: string;
}

/**
 * The first record that was altered, moved, or is missing; undefined when the chain holds. The oldest record kept is
 * the anchor (older ones may have been dropped by the retention). With `head`, that one must be among them.
 */
export const verify = async (journal: Journal, head?: Head): Promise<Altered | undefined> => {
  journal.hold();
  try {
    let previous: Head | undefined;
    for await (const { offset, text } of lines(journal)) {
      const found = check(text, previous);
      if (typeof found === 'string') return { offset, seq: previous && previous.seq + 1, reason: found };
      if (found.seq === head?.seq && found.hash !== head.hash) {
        return { offset, seq: found.seq, reason: 'it is not the record that was written' };
      }
      previous = found;
    }
    const end = previous ?? { seq: 0, hash: genesis };
    if (head && head.seq > end.seq) {
      return { offset: journal.size, seq: end.seq + 1, reason: `records ${end.seq + 1} to ${head.seq} are missing` };
    }
    return undefined;
  } finally {
    journal.release();
  }
};

/** As `verify`, and EBADMSG where it does not hold. */
export const assertIntact = async (journal: Journal, head?: Head): Promise<void> => {
  const altered = await verify(journal, head);
  if (altered) throw new Errno('EBADMSG', `record ${altered.seq ?? '?'} at byte ${altered.offset}: ${altered.reason}`);
};

const check = (text: string, previous: Head | undefined): Head | string => {
  const body = text.slice(0, -tail);
  const digest = /^,"hash":"([0-9a-f]{64})"\}$/.exec(text.slice(-tail))?.[1];
  if (digest === undefined) return 'it has no hash';
  if (hash('sha256', body) !== digest) return 'it does not match its hash';
  const { seq, prev } = JSON.parse(`${body}}`) as { seq: number; prev: string };
  if (seq === 1 && prev !== genesis) return 'it does not begin the chain';
  if (previous && (seq !== previous.seq + 1 || prev !== previous.hash)) return 'it does not follow the record before';
  return { seq, hash: digest };
};

const PIECE = 1024 * 1024;

async function* lines(journal: Journal): AsyncGenerator<{ offset: number; text: string }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for (let position = 0; position < journal.size;) {
    const bytes = await journal.read(position, PIECE);
    position += bytes.length;
    rest = Buffer.concat([rest, bytes]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      if (end > 0) yield { offset, text: rest.subarray(0, end).toString() };
      offset += end + 1;
      rest = rest.subarray(end + 1);
    }
  }
}
