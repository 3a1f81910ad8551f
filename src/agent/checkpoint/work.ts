/** Whose directory. */
export interface Owner {
  readonly id: number;
  readonly name: string;
}

/** What was copied of a work/ directory. */
export interface WorkSize {
  readonly entries: number;
  readonly bytes: number;
  /** Sockets, devices and what lies on another file system: left out. */
  readonly left: number;
}

/**
 * The work/ directories of agents and the copies of them that checkpoints hold. A copy has a key of the caller's; it
 * and what is staged are nobody's until a record in the store says so, so that `drop` may always come again.
 */
export interface Work {
  /** Copies work/ as it is now. EFBIG, ENOSPC, EINTR; nothing is left of a copy that failed. */
  save(owner: Owner, key: string, signal?: AbortSignal): Promise<WorkSize>;
  /** Copies another one's work/, or one of its copies, beside `owner`'s, ready to take its place. */
  stage(owner: Owner, from: { readonly owner: Owner; readonly key?: string }, signal?: AbortSignal): Promise<void>;
  /** What is staged takes the place of work/, which is deleted. Comes again after a crash: what was done is done. */
  swap(owner: Owner): Promise<void>;
  /** Takes away what is staged. */
  unstage(owner: Owner): Promise<void>;
  /** Takes away a work/ itself. */
  discard(owner: Owner): Promise<void>;
  /** Takes away a work/ and every copy of it. */
  forget(owner: Owner): Promise<void>;
  /** Takes away a copy, if it is there. */
  drop(id: number, key: string): Promise<void>;
  /** Gives a work/ another name; nothing to do where it has it already. */
  move(id: number, from: string, to: string): Promise<void>;
}

const nothing: WorkSize = { entries: 0, bytes: 0, left: 0 };

/** Where agents have no directories. */
export const noWork: Work = {
  save: async () => nothing,
  stage: async () => undefined,
  swap: async () => undefined,
  unstage: async () => undefined,
  discard: async () => undefined,
  forget: async () => undefined,
  drop: async () => undefined,
  move: async () => undefined,
};
