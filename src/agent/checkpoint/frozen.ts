import { Errno } from '../../kernel/errno.ts';
import type { Range, Snapshot, Store } from '../../drivers/store/store.ts';
import { Agent } from '../agent.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Host } from '../host.ts';
import { copyPrefix, dataPrefix } from '../keys.ts';
import type { CheckpointInfo } from './checkpoints.ts';
import { noWork } from './work.ts';

const refused = (): Promise<never> => Promise.reject(new Errno('EACCES', 'a checkpoint does not change'));

/** The store as an agent would see it that is what a checkpoint holds; there is nothing else in it. */
class FrozenStore implements Store {
  readonly #store: Pick<Snapshot, 'get' | 'range' | 'keys'>;
  readonly #seen: string;
  readonly #kept: string;

  constructor(store: Pick<Snapshot, 'get' | 'range' | 'keys'>, seen: string, kept: string) {
    this.#store = store;
    this.#seen = seen;
    this.#kept = kept;
  }

  get(key: string): Uint8Array | undefined {
    return key.startsWith(this.#seen) ? this.#store.get(this.#kept + key.slice(this.#seen.length)) : undefined;
  }

  batch(): Promise<never> {
    return refused();
  }

  async *range(range: Range): AsyncGenerator<readonly [string, Uint8Array]> {
    const kept = this.#range(range);
    if (!kept) return;
    for await (const [key, value] of this.#store.range(kept)) yield [this.#seen + key.slice(this.#kept.length), value];
  }

  async *keys(range: Range): AsyncGenerator<string> {
    const kept = this.#range(range);
    if (!kept) return;
    for await (const key of this.#store.keys(kept)) yield this.#seen + key.slice(this.#kept.length);
  }

  snapshot(): Snapshot {
    return this;
  }

  async close(): Promise<void> {
    // Whose store it is closes it.
  }

  /** Undefined for a range of something else than the agent's own keys. */
  #range(range: Range): Range | undefined {
    const bounds = (['gte', 'gt', 'lt', 'lte'] as const).flatMap((name) => {
      const key = range[name];
      return key === undefined ? [] : [[name, key] as const];
    });
    if (bounds.length === 0 || !bounds.every(([, key]) => key.startsWith(this.#seen))) return undefined;
    const kept = bounds.map(([name, key]) => [name, this.#kept + key.slice(this.#seen.length)] as const);
    return { ...range, ...Object.fromEntries(kept) };
  }
}

/** The agent a checkpoint holds, to be looked at: every part of it reads the copy, and nothing of it can be changed. */
export const frozenAgent = (host: Host, record: AgentRecord, { key, row }: CheckpointInfo): Promise<Agent> => {
  const { id } = record;
  const still: Host = {
    ...host,
    store: new FrozenStore(host.store, dataPrefix(id), copyPrefix(id, key)),
    work: noWork,
    commit: refused,
    event: () => undefined,
    emit: () => undefined,
    // A part that finds something to put right when it is loaded (a schedule that stands in no queue) cannot, and need not.
    background: (_agent, work) => void work.catch(() => undefined),
    ready: () => undefined,
    due: () => undefined,
    keep: () => undefined,
  };
  return Agent.load({ ...record, ...row, state: 'idle', requests: [] }, still);
};
