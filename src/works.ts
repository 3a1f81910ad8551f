import { renameSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agents } from './agent/agents.ts';
import { host, type Host } from './files/host.ts';

/** Above so many, those that nobody holds any more are struck off. */
const MANY = 4_096;

/** The work/ directories: STATE/work/NAME, and NAME@TIME for those in the archive. */
export class Works {
  readonly #directory: string;
  readonly #failed: (name: string, error: unknown) => void;
  /** Those in use; of an agent that left memory, whoever holds its files holds it. */
  readonly #open = new Map<number, WeakRef<Host>>();

  /** `failed` hears of what could not be tidied up. */
  constructor(directory: string, failed: (name: string, error: unknown) => void) {
    this.#directory = directory;
    this.#failed = failed;
  }

  open(name: string, id: number): Host {
    this.#open.get(id)?.deref()?.close();
    const opened = host(join(this.#directory, name), { mkdir: 0o700 });
    if (this.#open.size > MANY) for (const [other, ref] of this.#open) if (!ref.deref()) this.#open.delete(other);
    this.#open.set(id, new WeakRef(opened));
    return opened;
  }

  rename(id: number, from: string, to: string): void {
    this.#open.get(id)?.deref()?.close();
    this.#open.delete(id);
    try {
      renameSync(join(this.#directory, from), join(this.#directory, to));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /**
   * What a crash left behind: directories of agents that are in the archive or in no list at all. What cannot be moved or
   * removed (a mount point, say) stays, and the next start tries again.
   */
  async sweep(agents: Agents): Promise<void> {
    const kept = new Set(agents.archived.list().map(({ name }) => name));
    for (const name of await readdir(this.#directory)) {
      if (!name.includes('@') || kept.has(name)) continue;
      await rm(join(this.#directory, name), { recursive: true }).catch((error: unknown) => this.#failed(name, error));
    }
    for (const archived of kept) {
      const name = archived.slice(0, archived.indexOf('@'));
      if (agents.has(name)) continue;
      await rename(join(this.#directory, name), join(this.#directory, archived)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#failed(name, error);
      });
    }
  }

  close(): void {
    for (const opened of this.#open.values()) opened.deref()?.close();
    this.#open.clear();
  }
}
