import { hash } from 'node:crypto';
import { Errno } from '../kernel/errno.ts';
import type { Perceived } from '../drivers/model/model.ts';
import { put, type Store } from '../drivers/store/store.ts';
import { Journal } from './journal.ts';
import { chainAnchorKey, chainHeadKey, journalPrefix } from './keys.ts';
import { split, type Entry } from './parts.ts';
import { RECORD } from './record.ts';
import { Seen } from './seen.ts';
import { headOf, start, TAIL, verify as verifyPieces, type Altered, type Chain, type Head } from './verify.ts';

/** Stands where a head or an anchor cannot be read: no record matches it, so that `verify` tells. */
const unreadable = 'f'.repeat(64);

/**
 * The chain of everything an agent did. The hash of a record is the SHA-256 of its line up to the member `hash`, which
 * comes last; `prev` is the hash of the record before, so nothing can be changed, left out or moved without being seen.
 * The newest record's number and hash are stored with every commit, those of the last one dropped with every dropping.
 */
export class Trajectory {
  readonly journal: Journal;
  readonly #store: Store;
  readonly #agent: number;
  readonly #seen: Seen;
  #head: Head;

  private constructor(store: Store, agent: number, journal: Journal, head: Head) {
    this.#store = store;
    this.#agent = agent;
    this.#seen = new Seen(store, agent);
    this.journal = journal;
    this.#head = head;
  }

  /** Goes on from the stored head. `limit`: bytes kept. */
  static async open(store: Store, agent: number, options: { limit?: number } = {}): Promise<Trajectory> {
    const journal = await Journal.open(store, journalPrefix(agent, 'trajectory'), {
      ...options,
      account: {
        taken: () => [put(chainHeadKey(agent), encode(trajectory.head)), ...trajectory.#seen.operations()],
        dropped: (last) => [put(chainAnchorKey(agent), encode(headOf(last) ?? { seq: 0, hash: unreadable }))],
      },
    });
    const stored = store.get(chainHeadKey(agent));
    const last = stored ? undefined : await journal.last();
    // A store from before there was a head.
    const head = last === undefined ? decode(stored) : (headOf(Buffer.from(last)) ?? { seq: 0, hash: unreadable });
    const trajectory: Trajectory = new Trajectory(store, agent, journal, head);
    return trajectory;
  }

  get head(): Head {
    return this.#head;
  }

  /** What the records that are kept hang between. */
  get chain(): Chain {
    return { anchor: decode(this.#store.get(chainAnchorKey(this.#agent))), head: this.#head };
  }

  /** A record that is longer than a line may be is written in parts (`parts.ts`), because a replay needs it whole. */
  append(record: Entry): void {
    const body = this.#body(record);
    if (body.length * 3 < LINE || Buffer.byteLength(body) <= LINE) this.#write(body, record.time);
    else for (const part of split(record)) this.#write(this.#body(part), record.time);
  }

  /** Writes down those texts that are not in a record that is kept. The hashes of all of them, in their order. */
  perceived(of: Pick<Entry, 'time' | 'tick' | 'cause'>, perceived: readonly Perceived[]): string[] {
    return this.#seen.see(perceived, this.chain.anchor.seq, (entry) => {
      const { seq } = this.#head;
      this.append({ ...of, type: 'perceived', ...entry });
      return seq + 1;
    });
  }

  /** The first record that does not hold; undefined when the chain does. */
  async verify(): Promise<Altered | undefined> {
    return verify(this.journal, this.chain);
  }

  #body(record: Entry): string {
    return JSON.stringify({ seq: this.#head.seq + 1, ...record, prev: this.#head.hash }).slice(0, -1);
  }

  #write(body: string, time: string): void {
    const digest = hash('sha256', body);
    this.journal.appendLine(`${body},"hash":"${digest}"}`, time);
    this.#head = { seq: this.#head.seq + 1, hash: digest };
  }
}

/** Bytes of a line that are hashed, at most. */
const LINE = RECORD - TAIL - 2;
const PIECE = 1024 * 1024;

const encode = ({ seq, hash }: Head): Uint8Array => Buffer.from(JSON.stringify({ seq, hash }));

const decode = (value: Uint8Array | undefined): Head => {
  if (!value) return start;
  const found = /^\{"seq":(\d{1,15}),"hash":"([0-9a-f]{64})"\}$/.exec(Buffer.from(value).toString('latin1'));
  return found ? { seq: Number(found[1]), hash: found[2]! } : { seq: 0, hash: unreadable };
};

/** What a journal has. With a chain, or only its head, from end to end. */
export const verify = async (journal: Journal, chain?: Chain | Head): Promise<Altered | undefined> => {
  journal.hold();
  try {
    const ends = chain && ('head' in chain ? chain : { anchor: start, head: chain });
    return (await verifyPieces(pieces(journal), { chain: ends })).altered;
  } finally {
    journal.release();
  }
};

/** As `verify`, and EBADMSG where it does not hold. */
export const assertIntact = async (journal: Journal, chain?: Chain | Head): Promise<void> => {
  const altered = await verify(journal, chain);
  if (altered) throw new Errno('EBADMSG', `record ${altered.seq} at byte ${altered.offset}: ${altered.reason}`);
};

async function* pieces(journal: Journal): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < journal.size;) {
    const bytes = await journal.read(position, PIECE);
    yield bytes;
    position += bytes.length;
  }
}
