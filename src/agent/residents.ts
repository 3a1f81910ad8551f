import { Lru } from '../drivers/cache/cache.ts';
import type { Agent } from './agent.ts';
import type { Row } from './rows.ts';

export interface ResidentsOptions {
  /** Agents that stay in memory though nothing goes on in them. */
  readonly bound: number;
  readonly open: (row: Row) => Promise<Agent>;
  /** It was not used for long: what it has not written yet must be written, and who caches its files must let go. */
  readonly evicted: (agent: Agent) => void;
}

/**
 * The agents that are in memory. Whoever uses one holds it (a tick that runs, a file that is open, a timer); besides
 * those, as many as the bound says are kept because they were used last. An agent that somebody still holds is found
 * again by its row, so that there are never two of one.
 */
export class Residents {
  readonly #cache: Lru<number, Agent>;
  readonly #open: ResidentsOptions['open'];
  /** Rows whose agent may be in memory. */
  readonly #rows = new Set<Row>();
  readonly #collected = new FinalizationRegistry<Row>((row) => {
    if (row.agent) return;
    row.ref = undefined;
    this.#rows.delete(row);
  });

  constructor({ bound, open, evicted }: ResidentsOptions) {
    this.#open = open;
    this.#cache = new Lru({
      max: bound,
      dispose: (agent, _id, reason) => {
        if (reason === 'evict') evicted(agent);
      },
    });
  }

  /** Agents the cache holds. */
  get cached(): number {
    return this.#cache.size;
  }

  /** Every agent that is in memory, for whatever reason. */
  list(): Agent[] {
    return [...this.#rows].flatMap((row) => row.agent ?? []);
  }

  /** The agent of a row, loaded when it is not there. */
  load(row: Row): Agent | Promise<Agent> {
    const { agent } = row;
    if (agent) {
      this.keep(agent);
      return agent;
    }
    row.loading ??= this.#open(row)
      .then((loaded) => {
        this.add(row, loaded);
        return loaded;
      })
      .finally(() => (row.loading = undefined));
    return row.loading;
  }

  add(row: Row, agent: Agent): void {
    row.ref = new WeakRef(agent);
    this.#rows.add(row);
    this.#collected.register(agent, row);
    this.#cache.set(agent.id, agent);
  }

  /** It is in use: it comes last when one must go. */
  keep(agent: Agent): void {
    if (this.#cache.get(agent.id) !== agent) this.#cache.set(agent.id, agent);
  }

  /** What is in memory of it is not it any more: whoever asks from now on waits for it to be opened again. */
  renew(row: Row): Agent | Promise<Agent> {
    this.remove(row);
    return this.load(row);
  }

  /** It is no agent of this server any more. */
  remove(row: Row): void {
    this.#cache.delete(row.id);
    this.#rows.delete(row);
    row.ref = undefined;
  }
}
