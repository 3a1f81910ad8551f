import type { Agent } from './agent.ts';
import type { Rest, State } from './lifecycle.ts';

/**
 * What is in memory of an agent that is not loaded: enough for the listings, and small, because there may be a million.
 * Of a loaded agent it is kept true by whoever changes it.
 */
export class Row {
  readonly id: number;
  name: string;
  state: Rest;
  tick: number;
  queue: number;
  /** Of the last tick or change of state, in milliseconds. */
  last: number;
  /** When an idle agent hibernates by itself, in milliseconds. */
  sleeps = Infinity;
  /** The inode number of its directory; 0 until somebody looked. */
  qid = 0;
  /** The loaded agent, as long as anybody holds it: so it is never there twice. */
  ref: WeakRef<Agent> | undefined;
  loading: Promise<Agent> | undefined;

  constructor(of: { id: number; name: string; state: Rest; tick: number; queue?: number; last: number }) {
    this.id = of.id;
    this.name = of.name;
    this.state = of.state;
    this.tick = of.tick;
    this.queue = of.queue ?? 0;
    this.last = of.last;
  }

  /** The agent, if it is in memory. */
  get agent(): Agent | undefined {
    return this.ref?.deref();
  }

  /** As a status shows it. */
  get shown(): State {
    return this.ref?.deref()?.state ?? this.state;
  }
}

/** All agents that are there, by name and by number. */
export class Rows {
  readonly #names = new Map<string, Row>();
  readonly #ids = new Map<number, Row>();
  #sorted: readonly Row[] | undefined;

  get size(): number {
    return this.#names.size;
  }

  get(name: string): Row | undefined {
    return this.#names.get(name);
  }

  byId(id: number): Row | undefined {
    return this.#ids.get(id);
  }

  /** Sorted by name. */
  list(): readonly Row[] {
    this.#sorted ??= [...this.#names.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted;
  }

  add(row: Row): void {
    this.#names.set(row.name, row);
    this.#ids.set(row.id, row);
    this.#sorted = undefined;
  }

  remove(row: Row): void {
    this.#names.delete(row.name);
    this.#ids.delete(row.id);
    this.#sorted = undefined;
  }

  rename(row: Row, to: string): void {
    this.#names.delete(row.name);
    row.name = to;
    this.#names.set(to, row);
    this.#sorted = undefined;
  }
}
