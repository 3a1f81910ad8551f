import { Errno } from '../../kernel/errno.ts';
import { userName } from '../../kernel/name.ts';
import { put, type Operation, type Store } from '../../drivers/store/store.ts';
import type { Effect } from '../effects.ts';
import { jobNamesKey } from '../keys.ts';

/** Names that are given and whose request is not written yet. */
const DRAFTS = 100;

/** Names of jobs: 0 while the request is not written, then the number of the job. Read when first asked for. */
export class JobNames {
  readonly #store: Store;
  readonly #key: string;
  #names: Readonly<Record<string, number>> | undefined;

  constructor(store: Store, agent: number) {
    this.#store = store;
    this.#key = jobNamesKey(agent);
  }

  all(): Readonly<Record<string, number>> {
    if (this.#names) return this.#names;
    const stored = this.#store.get(this.#key);
    return (this.#names = stored ? (JSON.parse(Buffer.from(stored).toString()) as Record<string, number>) : {});
  }

  /** undefined where there is none. */
  of(name: string): number | undefined {
    const names = this.all();
    return Object.hasOwn(names, name) ? names[name] : undefined;
  }

  /** A name for a job whose request is still to be written. EINVAL, EEXIST, ENOSPC. */
  async draft(name: string): Promise<void> {
    if (!userName.test(name) || /^\d+$/.test(name)) {
      throw new Errno('EINVAL', `'${name}' cannot name a job: letters, digits, '.', '_', '-', and not digits only`);
    }
    if (this.of(name) !== undefined) throw new Errno('EEXIST', `there is a job '${name}'`);
    const drafts = Object.values(this.all()).filter((id) => id === 0).length;
    if (drafts >= DRAFTS) throw new Errno('ENOSPC', `${DRAFTS} jobs have no request yet`);
    await this.#set({ ...this.all(), [name]: 0 });
  }

  /** ENOENT; EBUSY once the request is written: a job goes with its age. */
  async drop(name: string): Promise<void> {
    const id = this.of(name);
    if (id === undefined) throw new Errno('ENOENT', `no job '${name}'`);
    if (id !== 0) throw new Errno('EBUSY', `'${name}' is job ${id}: it goes with its age`);
    const { [name]: _, ...rest } = this.all();
    await this.#set(rest);
  }

  /** EEXIST once a request is written under the name, ENOENT where it was not made. */
  assertDraft(name: string): void {
    const id = this.of(name);
    if (id === undefined) throw new Errno('ENOENT', `no job '${name}'`);
    if (id !== 0) throw new Errno('EEXIST', `the request of '${name}' is written`);
  }

  /** For the batch that stores the message: the name is that job's from now on. */
  claim(name: string, id: number): Effect {
    this.#names = { ...this.all(), [name]: id };
    return { operations: [this.#write()], revert: () => (this.#names = { ...this.all(), [name]: 0 }) };
  }

  /** For the batch that forgets the jobs before `first`: their names too. */
  trim(first: number): Effect {
    const before = this.all();
    const kept = Object.entries(before).filter(([, id]) => id === 0 || id >= first);
    if (kept.length === Object.keys(before).length) return { operations: [] };
    this.#names = Object.fromEntries(kept);
    return { operations: [this.#write()], revert: () => (this.#names = before) };
  }

  #write(): Operation {
    return put(this.#key, Buffer.from(JSON.stringify(this.#names)));
  }

  async #set(names: Readonly<Record<string, number>>): Promise<void> {
    const before = this.#names;
    this.#names = names;
    try {
      await this.#store.batch([this.#write()]);
    } catch (error) {
      this.#names = before;
      throw error;
    }
  }
}
