import type { ExecutionContext } from 'ava';
import { operator } from '../../src/kernel/subject.ts';
import { ManualClock } from '../../src/drivers/clock/manual.ts';
import { ModelError, Models, type Model, type Reply, type Request } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { MemoryStore } from '../../src/drivers/store/memory.ts';
import type { Operation, Range, Snapshot, Store } from '../../src/drivers/store/store.ts';
import { Agents } from '../../src/agent/agents.ts';
import type { Agent } from '../../src/agent/agent.ts';
import type { Journal } from '../../src/agent/journal.ts';

export const forever = (): AbortSignal => new AbortController().signal;
export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array | undefined): string => {
  if (!value) throw new Error('there is nothing');
  return Buffer.from(value).toString();
};

/** All of a journal. */
export const all = async (journal: Journal): Promise<string> => text(await journal.read(0, journal.size));

export const records = async (journal: Journal): Promise<Record<string, unknown>[]> =>
  (await all(journal))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A model that does what the test tells it: each turn waits for `answer` or `fail`. */
export class ScriptedModel implements Model {
  readonly name = 'scripted';
  readonly real = false;
  readonly asked: string[] = [];
  #turns: { request: Request; resolve: (reply: Reply) => void; reject: (error: unknown) => void }[] = [];
  #waiting: (() => void)[] = [];

  turn(request: Request): Promise<Reply> {
    this.asked.push(request.messages.at(-1)?.text ?? '');
    return new Promise((resolve, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason as Error), { once: true });
      this.#turns.push({ request, resolve, reject });
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** Resolves when a turn is under way. */
  async called(): Promise<void> {
    while (this.#turns.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async say(piece: string): Promise<void> {
    await this.called();
    this.#turns[0]!.request.onText(piece);
  }

  async answer(text: string): Promise<void> {
    await this.called();
    this.#turns.shift()!.resolve({ text, usage: { input: 1, output: 1 } });
  }

  async fail(retryable: boolean): Promise<void> {
    await this.called();
    this.#turns.shift()!.reject(new ModelError('EHOSTUNREACH', 'no answer', { retryable }));
  }
}

/** A store with a switch that makes it refuse, and one after which nothing reaches it, as when its process died. */
export class FragileStore implements Store {
  readonly inner: Store;
  broken = false;
  dead = false;
  batches = 0;
  #left = Infinity;
  #tell: () => void = () => undefined;
  /** Resolves when it died by `dieAfter`. */
  readonly died = new Promise<void>((resolve) => {
    this.#tell = resolve;
  });

  constructor(inner: Store = new MemoryStore()) {
    this.inner = inner;
  }

  /** So many batches more reach it. */
  dieAfter(batches: number): void {
    this.#left = batches;
  }

  get(key: string): Uint8Array | undefined {
    return this.inner.get(key);
  }

  async batch(operations: readonly Operation[]): Promise<void> {
    this.batches++;
    if (this.#left-- <= 0 && !this.dead) {
      this.dead = true;
      this.#tell();
    }
    if (this.dead) return new Promise(() => undefined);
    if (this.broken) throw Object.assign(new Error('the disk is gone'), { code: 'EIO' });
    await this.inner.batch(operations);
  }

  range(range: Range): AsyncIterable<readonly [string, Uint8Array]> {
    return this.inner.range(range);
  }

  keys(range: Range): AsyncIterable<string> {
    return this.inner.keys(range);
  }

  snapshot(): Snapshot {
    return this.inner.snapshot();
  }

  async close(): Promise<void> {
    await this.inner.close();
  }
}

export interface World {
  /** The one of the first life. */
  readonly store: FragileStore;
  readonly clock: ManualClock;
  readonly model: ScriptedModel;
  readonly agents: Agents;
  readonly ada: Agent;
  /** As after a crash: everything in memory is forgotten, the store is what it was. */
  readonly reopen: () => Promise<Agents>;
}

/** A server with one agent, `ada`, on the model that is asked for. */
export const world = async (t: ExecutionContext, name: 'offline' | 'scripted' = 'offline'): Promise<World> => {
  const inner = new MemoryStore();
  const clock = new ManualClock();
  const model = new ScriptedModel();
  let store: FragileStore | undefined;
  let last: Agents | undefined;
  const open = async (): Promise<Agents> => {
    if (store) store.dead = true;
    store = new FragileStore(inner);
    last = await Agents.open({ store, clock, models: new Models(new Offline(), model) });
    return last;
  };
  t.teardown(() => last?.close());
  const agents = await open();
  const ada = await agents.define('ada', operator, name);
  return { store: store!, clock, model, agents, ada, reopen: open };
};
