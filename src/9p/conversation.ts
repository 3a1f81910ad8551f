import { Errno } from '../kernel/errno.ts';
import type { Session } from '../kernel/session.ts';
import type { Streaming } from './stream.ts';

/** Where a read of an open directory goes on (9P2000's directories are files of stat records). */
export interface Listing {
  readonly kind: 'listing';
  /** The offset the next read must have. */
  offset: number;
  /** The next entry of the session's snapshot. */
  index: number;
  /** A record that did not fit into the last reply. */
  left: Buffer | undefined;
}

/** The value that a Txattrwalk found; its fid reads it. */
export interface XattrValue {
  readonly kind: 'xattr';
  readonly value: Uint8Array;
}

/** What a Txattrcreate announced; its fid is written, and the clunk sets the attribute. */
export interface XattrDraft {
  readonly kind: 'draft';
  readonly name: string;
  readonly flags: number;
  readonly value: Buffer;
  filled: number;
}

/** What the protocol, not the file, remembers of a fid. Most fids have nothing here. */
export type FidState = Streaming | Listing | XattrValue | XattrDraft;

const MAX_SESSIONS = 64;

export type Attach = (aname: string, options: { readonly links: boolean }) => Session;

/** What lies between two Tversions of one connection: the agreed msize, the sessions attached to and the state of fids. */
export class Conversation {
  readonly msize: number;
  readonly states = new Map<number, FidState>();
  /** Fids opened with ORCLOSE: their clunk removes the file. */
  readonly doomed = new Set<number>();
  readonly #sessions = new Map<string, Session>();
  /** The only session, while there is one only. */
  #sole: Session | undefined;

  #next = 2 ** 32;

  constructor(msize: number) {
    this.msize = msize;
  }

  /** EBADF for a fid of no session. With one session it is left to that to say so. */
  sessionOf(fid: number): Session {
    if (this.#sole) return this.#sole;
    for (const session of this.#sessions.values()) if (session.has(fid)) return session;
    throw new Errno('EBADF', `unknown fid ${fid}`);
  }

  /** The session of an aname; the same aname again gets the same one. EBADF where another session uses the new fid. */
  attach(fid: number, aname: string, links: boolean, attach: Attach): Session {
    for (const other of this.#sessions.values()) {
      if (other.has(fid)) throw new Errno('EBADF', `fid ${fid} is in use`);
    }
    let session = this.#sessions.get(aname);
    if (!session) {
      if (this.#sessions.size >= MAX_SESSIONS) throw new Errno('ENFILE', 'too many attaches on one connection');
      session = attach(aname, { links });
      this.#sessions.set(aname, session);
      this.#sole = this.#sessions.size === 1 ? session : undefined;
    }
    return session;
  }

  /** A fid number is free only when no session of the connection uses it. */
  free(fid: number): void {
    if (this.#sole) return;
    for (const session of this.#sessions.values()) {
      if (session.has(fid)) throw new Errno('EBADF', `fid ${fid} is in use`);
    }
  }

  /** Both fids of one request must be of one session. */
  together(session: Session, fid: number): void {
    if (this.sessionOf(fid) !== session) throw new Errno('EXDEV', 'fids of different attaches');
  }

  /** A fid number that no client can use, for what the protocol does in several steps. */
  temporary(): number {
    return (this.#next += 1);
  }

  async close(): Promise<void> {
    this.states.clear();
    for (const fid of this.doomed) {
      const session = this.sessionOf(fid);
      // Nobody is left to hear that it could not be removed; the session told the file's directory.
      await Promise.resolve(session.request())
        .then((request) => session.remove(fid, request))
        .catch(refused);
    }
    this.doomed.clear();
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#sole = undefined;
    await Promise.all(sessions.map((session) => session.close()));
  }
}

const refused = (error: unknown): void => {
  if (!(error instanceof Errno)) throw error;
};
