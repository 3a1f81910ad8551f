import { existsSync, renameSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Agents } from './agent/agents.ts';
import type { Owner, Work } from './agent/checkpoint/work.ts';
import { Errno } from './kernel/errno.ts';
import { host, type Host } from './files/host.ts';
import { copyTree, type Copied } from './files/host/copy.ts';
import { removeTree } from './files/host/remove.ts';

/** Above so many, those that nobody holds any more are struck off. */
const MANY = 4_096;
/** What one work/ may hold to be copied. */
const BYTES = 1024 * 1024 * 1024;
const ENTRIES = 100_000;

export interface WorksOptions {
  /** STATE/work: a directory an agent by its name, NAME@TIME for those in the archive. */
  readonly work: string;
  /** STATE/checkpoints: a directory an agent by its number. Made when first needed. */
  readonly checkpoints: string;
  /** Hears of what could not be tidied up. */
  readonly failed: (name: string, error: unknown) => void;
  readonly bytes?: number;
  readonly entries?: number;
}

/**
 * The work/ directories of agents as they are served, and the copies of them that checkpoints hold. Below
 * `checkpoints/ID/` lie the copies by key, `staged` (about to become work/) and `replaced` (it was work/).
 */
export class Works implements Work {
  readonly #options: WorksOptions;
  /** Those in use; of an agent that left memory, whoever holds its files holds it. */
  readonly #open = new Map<number, WeakRef<Host>>();
  /** Copies in use, by path. */
  readonly #copies = new Map<string, WeakRef<Host>>();

  constructor(options: WorksOptions) {
    this.#options = options;
  }

  /** The directory as it is served; made where there is none. */
  open(name: string, id: number): Host {
    this.#open.get(id)?.deref()?.close();
    const opened = host(this.#work(name), { mkdir: 0o700 });
    if (this.#open.size > MANY) for (const [other, ref] of this.#open) if (!ref.deref()) this.#open.delete(other);
    this.#open.set(id, new WeakRef(opened));
    return opened;
  }

  /** A copy as it is served. */
  copy(id: number, key: string): Host {
    const path = join(this.#kept(id), key);
    const known = this.#copies.get(path)?.deref();
    if (known) return known;
    const made = host(path);
    for (const [other, ref] of this.#copies) if (!ref.deref()) this.#copies.delete(other);
    this.#copies.set(path, new WeakRef(made));
    return made;
  }

  async save({ id, name }: Owner, key: string, signal?: AbortSignal): Promise<Copied> {
    return this.#copy(this.#work(name), join(this.#kept(id), key), signal);
  }

  async stage(to: Owner, { owner, key }: { owner: Owner; key?: string }, signal?: AbortSignal): Promise<void> {
    const from = key === undefined ? this.#work(owner.name) : join(this.#kept(owner.id), key);
    await this.unstage(to);
    await this.#copy(from, this.#staged(to.id), signal);
  }

  async swap({ id, name }: Owner): Promise<void> {
    const [work, staged, replaced] = [this.#work(name), this.#staged(id), join(this.#kept(id), 'replaced')];
    // At one go: between the two, nobody may look for the directory and make an empty one.
    if (existsSync(staged)) {
      if (existsSync(work) && !existsSync(replaced)) renameSync(work, replaced);
      renameSync(staged, work);
    }
    await sync(dirname(work));
    await removeTree(replaced);
    await sync(this.#kept(id));
  }

  async unstage({ id }: Owner): Promise<void> {
    await removeTree(this.#staged(id));
  }

  async discard({ name }: Owner): Promise<void> {
    await removeTree(this.#work(name));
  }

  async drop(id: number, key: string): Promise<void> {
    const path = join(this.#kept(id), key);
    this.#copies.get(path)?.deref()?.close();
    this.#copies.delete(path);
    await removeTree(path);
  }

  /** What is open in it must be opened again. */
  async move(id: number, from: string, to: string): Promise<void> {
    this.#open.get(id)?.deref()?.close();
    this.#open.delete(id);
    try {
      renameSync(this.#work(from), this.#work(to));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw Errno.ofSystem(error);
    }
    await sync(this.#options.work);
  }

  /** All of an agent that is forgotten for good: its number, and its name in the archive. */
  async forget({ id, name }: Owner): Promise<void> {
    await removeTree(this.#work(name));
    await removeTree(this.#kept(id));
  }

  /**
   * What is left of agents that are in no list any more, not even that of the archive. What cannot be removed (a mount
   * point, say) stays, and the next start tries again.
   */
  async sweep(agents: Agents): Promise<void> {
    const { work, checkpoints, failed } = this.#options;
    const remove = (directory: string, name: string): Promise<void> =>
      removeTree(join(directory, name)).catch((error: unknown) => failed(name, error));
    const archived = agents.archived.list();
    const kept = new Set(archived.map(({ name }) => name));
    for (const name of await names(work)) if (name.includes('@') && !kept.has(name)) await remove(work, name);
    for (const { id, name: to } of archived) {
      const name = to.slice(0, to.indexOf('@'));
      if (agents.has(name) || !existsSync(this.#work(name))) continue;
      await this.move(id, name, to).catch((error: unknown) => failed(name, error));
    }
    const ids = new Set(archived.map(({ id }) => id));
    for (const id of await names(checkpoints)) {
      if (!ids.has(Number(id)) && !agents.hasId(Number(id))) await remove(checkpoints, id);
    }
  }

  close(): void {
    for (const opened of [...this.#open.values(), ...this.#copies.values()]) opened.deref()?.close();
    this.#open.clear();
    this.#copies.clear();
  }

  async #copy(from: string, to: string, signal: AbortSignal | undefined): Promise<Copied> {
    const { bytes = BYTES, entries = ENTRIES } = this.#options;
    await mkdir(to, { recursive: true, mode: 0o700 });
    try {
      if (!existsSync(from)) return { entries: 0, bytes: 0, left: 0 };
      return await copyTree(from, to, { bytes, entries, ...(signal && { signal }) });
    } catch (error) {
      await removeTree(to);
      throw error;
    }
  }

  #work(name: string): string {
    return join(this.#options.work, name);
  }

  #kept(id: number): string {
    return join(this.#options.checkpoints, id.toString().padStart(8, '0'));
  }

  #staged(id: number): string {
    return join(this.#kept(id), 'staged');
  }
}

const names = async (directory: string): Promise<string[]> => {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

/** A rename is on the medium when its directories are. */
const sync = async (directory: string): Promise<void> => {
  let handle;
  try {
    handle = await open(directory, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw Errno.ofSystem(error);
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
