import { Errno } from '../kernel/errno.ts';
import { agentName } from '../kernel/name.ts';
import { nameOf, type Subject } from '../kernel/subject.ts';
import { timeText, type Clock } from '../drivers/clock/clock.ts';
import { del, within, type Operation, type Store } from '../drivers/store/store.ts';
import { prepare } from '../drivers/store/schema.ts';
import type { Models } from '../drivers/model/model.ts';
import { Agent, type AgentRecord } from './agent.ts';
import { Archive } from './archive.ts';
import { move, moving } from './checkpoint/moving.ts';
import { recoverUnfinished } from './checkpoint/recover.ts';
import { noWork, type Work } from './checkpoint/work.ts';
import { commit } from './commit.ts';
import { Engine } from './engine.ts';
import { Errors } from './errors.ts';
import type { Change, Host } from './host.ts';
import { Ids } from './ids.ts';
import { Journal } from './journal.ts';
import { agentsPrefix, expirePrefix, rootErrorsKey, rootJournalPrefix, VERSION } from './keys.ts';
import { assertLegal, type State } from './lifecycle.ts';
import { recoverRun } from './recover.ts';
import { Staging } from './staging.ts';
import { builtIn, Tools, type Tool } from './tools.ts';

/** How often what is over is looked for, in milliseconds, and keys deleted in one batch. */
const SWEEP = 60_000;
const SWEEP_BATCH = 1_000;
/** Bytes of the log that may wait for somebody's commit, and at which it takes no more. */
const LOG_WAITING = 65_536;
const LOG_FULL = 16 * 1024 * 1024;
/** Names an answer may go to that are no agents. */
const RESERVED = new Set(['operator', 'observer']);
/** Agents that are loaded at one time. */
const LOADING = 32;

export interface AgentsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly models: Models;
  /** Default: those every server has. */
  readonly tools?: readonly Tool[];
  /** Ticks at one time. Default 64. */
  readonly parallel?: number;
  /** Default: there are no work/ directories. */
  readonly work?: Work;
}

/** A row of `index`. */
export interface IndexRow {
  readonly name: string;
  readonly state: State;
  readonly tick: number;
  readonly queue: number;
  /** RFC 3339, of the last tick or the last change of state. */
  readonly last: string;
}

/** All agents of a server. */
export class Agents {
  /** Everything that happens, one record each with a sequence number. */
  readonly log: Journal;
  /** Refusals and failures at the root. */
  readonly errors: Errors;
  /** What was removed lately. */
  readonly archived: Archive;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #models: Models;
  readonly #host: Host;
  readonly #engine: Engine;
  readonly #agents = new Map<string, Agent>();
  #sorted: readonly Agent[] | undefined;
  /** Names that are being given or taken. */
  readonly #reserved = new Set<string>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #background = new Set<Promise<void>>();
  #next = 1;
  #seq = 0;
  #lost = 0;
  #flushing = false;
  #stopSweep: (() => void) | undefined;
  #closed = false;

  private constructor({ store, clock, models, tools = builtIn, parallel, work = noWork }: AgentsOptions, log: Journal) {
    this.log = log;
    this.#store = store;
    this.#clock = clock;
    this.#models = models;
    this.errors = new Errors(store, clock, rootErrorsKey, () => this.#emit({ type: 'error' }));
    const staging = new Staging(store);
    const ids = new Ids(clock);
    this.#host = {
      store,
      clock,
      models,
      tools: new Tools(tools),
      ids,
      staging,
      work,
      commit: (operations, journals, options) => commit(store, operations, [...journals, log], options),
      event: (type, agent, fields) => this.event(type, { agent, ...fields }),
      emit: (change) => this.#emit(change),
      background: (agent, work) => this.#track(agent, work),
      ready: (agent) => this.#engine.ready(agent),
      find: (name) => this.#agents.get(name),
    };
    this.#engine = new Engine(this.#host, parallel);
    this.archived = new Archive(store, clock);
  }

  /**
   * Loads everything, ends what a crash left half done, publishes what was staged, and begins to tick. ENOTSUP for a
   * store of another version. The store stays its opener's: close it after `close`.
   */
  static async open(options: AgentsOptions): Promise<Agents> {
    const { store } = options;
    await prepare(store, VERSION);
    await recoverUnfinished({ store, work: options.work ?? noWork });
    const log = await Journal.open(store, rootJournalPrefix('events'));
    const agents = new Agents(options, log);
    const last = await log.last();
    if (last !== undefined) {
      const { seq, time } = JSON.parse(last) as { seq: number; time: string };
      agents.#seq = seq;
      agents.#host.ids.after(Date.parse(time));
    }
    await agents.#load();
    agents.#sweep();
    await agents.log.flush();
    agents.#engine.start();
    return agents;
  }

  /** Sorted by name. */
  list(): readonly Agent[] {
    this.#sorted ??= [...this.#agents.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted;
  }

  get(name: string): Agent | undefined {
    return this.#agents.get(name);
  }

  hasId(id: number): boolean {
    return this.list().some((agent) => agent.id === id);
  }

  get size(): number {
    return this.#agents.size;
  }

  /** Ticks that run, and agents that wait for their turn. */
  get load(): { running: number; waiting: number } {
    return this.#engine.load;
  }

  get models(): Models {
    return this.#models;
  }

  index(): IndexRow[] {
    return this.list().map(({ name, state, record, inbox }) => ({
      name,
      state,
      tick: record.tick,
      queue: inbox.size,
      last: record.lastTick !== undefined && record.lastTick > record.since ? record.lastTick : record.since,
    }));
  }

  /** A new agent, idle, on disk. EINVAL for its name or a model that does not exist, EEXIST. */
  async define(name: string, subject: Subject, model?: string): Promise<Agent> {
    this.#assertName(name);
    if (this.#reserved.has(name)) throw new Errno('EEXIST', `the agent '${name}' is being made, renamed or removed`);
    const record: AgentRecord = {
      id: this.#next,
      name,
      model: model === undefined ? this.#models.first.name : this.#models.get(model).name,
      created: timeText(this.#clock.now()),
      state: 'idle',
      since: timeText(this.#clock.now()),
      tick: 0,
      requests: [],
      breaks: 0,
    };
    return this.#reserving([name], async () => {
      this.#next++;
      const agent = await Agent.load(record, this.#host);
      const by = nameOf(subject);
      agent.trajectory.append({
        time: record.created,
        tick: 0,
        cause: 'define',
        type: 'transition',
        from: 'defined',
        to: 'idle',
        by,
      });
      this.event('agent.defined', { agent: name, model: record.model, by });
      await this.#host.commit([agent.save()], agent.journals);
      this.#add(agent);
      this.#emit({ type: 'agent', change: 'added', agent });
      return agent;
    });
  }

  /** The agent goes to the archive under NAME@TIME, which is returned; its name is free at once. ENOENT, EBUSY while it works. */
  async archive(name: string, subject: Subject): Promise<string> {
    const agent = this.#find(name);
    assertLegal('archive', agent.state, name);
    if (agent.held !== undefined) throw new Errno('EBUSY', agent.held);
    return this.#reserving([name], async () => {
      const time = timeText(this.#clock.now());
      const archived = `${name}@${time}`;
      this.#engine.forget(agent);
      const by = nameOf(subject);
      agent.record.archived = archived;
      agent.trajectory.append({
        time,
        tick: agent.record.tick,
        cause: 'archive',
        type: 'transition',
        from: agent.record.state,
        to: 'archived',
        by,
      });
      this.event('agent.archived', { agent: name, archived, by });
      // From here on nothing begins in it: a message that is closed now gets ESTALE.
      agent.leave();
      this.#agents.delete(name);
      this.#sorted = undefined;
      this.#emit({ type: 'agent', change: 'removed', agent });
      const directory = { id: agent.id, from: name, to: archived };
      await this.#host.commit([agent.save(), moving(directory)], agent.journals);
      await move(this.#host, directory);
      this.archived.add({ id: agent.id, name: archived, time: Date.parse(time) });
      return archived;
    });
  }

  /** ENOENT, EBUSY unless idle or paused, EEXIST, EINVAL. */
  async rename(from: string, to: string, subject: Subject): Promise<void> {
    const agent = this.#find(from);
    assertLegal('rename', agent.state, from);
    if (agent.held !== undefined) throw new Errno('EBUSY', agent.held);
    if (from === to) return;
    this.#assertName(to);
    await this.#reserving([from, to], async () => {
      agent.record.name = to;
      this.event('agent.renamed', { agent: to, from, by: nameOf(subject) });
      const directory = { id: agent.id, from, to };
      try {
        await this.#host.commit([agent.save(), moving(directory)], agent.journals);
      } catch (error) {
        agent.record.name = from;
        throw error;
      }
      await move(this.#host, directory);
      this.#agents.delete(from);
      this.#add(agent);
      this.#emit({ type: 'agent', change: 'renamed', agent, from });
    });
  }

  /** Hears what changed, at once. Must not throw. Returns the function that ends it. */
  on(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A record of the log; it goes to disk with the next commit, or with `sync`. */
  event(type: string, fields: object = {}): void {
    const time = timeText(this.#clock.now());
    const { waiting } = this.log;
    if (waiting > LOG_FULL) {
      // The disk has refused for long: what is not there cannot be kept, but it is counted.
      this.#seq++;
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.log.append({ seq: this.#seq, time, type: 'gap', gap: this.#lost });
    this.#lost = 0;
    this.log.append({ seq: ++this.#seq, time, type, ...fields });
    if (waiting > LOG_WAITING && !this.#flushing) {
      this.#flushing = true;
      this.#track(
        undefined,
        this.log.flush({ sync: false }).finally(() => (this.#flushing = false)),
      );
    }
  }

  /** A refusal or failure at the root, for `error` and for the log. */
  refused(path: string, error: unknown): void {
    this.errors.add(path, error);
    const { code, message } = error as { code?: string; message?: string };
    this.event('error', { path, code: code ?? 'EIO', reason: message ?? String(error) });
  }

  /** Everything that happened until now is on disk when it resolves. */
  async sync(): Promise<void> {
    await Promise.all(this.#background);
    await this.#host.commit(
      this.errors.operations(),
      this.list().flatMap((agent) => agent.journals),
    );
  }

  /** Ends the ticks that run (their messages stay) and makes everything durable. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopSweep?.();
    await this.#engine.stop();
    await this.sync();
    for (const agent of this.list()) for (const journal of agent.journals) await journal.settled();
    await this.log.settled();
    for (const agent of this.list()) agent.leave();
    this.log.close();
  }

  async #load(): Promise<void> {
    const byId = new Map<number, Agent>();
    const found: AgentRecord[] = [];
    for await (const [, value] of this.#store.range(within(agentsPrefix))) {
      const record = JSON.parse(Buffer.from(value).toString()) as AgentRecord;
      this.#next = Math.max(this.#next, record.id + 1);
      if (record.archived !== undefined) {
        const time = Date.parse(record.archived.slice(record.archived.indexOf('@') + 1));
        this.archived.add({ id: record.id, name: record.archived, time });
        continue;
      }
      found.push(record);
    }
    // Side by side, because each of them waits for the disk a dozen times; in groups, because there may be very many.
    for (let start = 0; start < found.length; start += LOADING) {
      const group = found.slice(start, start + LOADING).map((record) => Agent.load(record, this.#host));
      for (const agent of await Promise.all(group)) {
        byId.set(agent.id, agent);
        this.#add(agent);
        await recoverRun(agent, this.#host);
        const { model } = agent.record;
        if (!this.#models.names.includes(model)) agent.fail(`there is no model '${model}' any more`);
      }
    }
    await this.#publishStaged(byId);
    for (const agent of byId.values()) this.#engine.ready(agent);
  }

  /** What was flushed and not closed when the server died: it was acknowledged, so it acts now, once. */
  async #publishStaged(agents: ReadonlyMap<number, Agent>): Promise<void> {
    for (const { key, target, bytes } of await this.#host.staging.load()) {
      const agent = agents.get(target.agent);
      const owner = { inbox: agent?.inbox, note: agent?.notes }[target.kind];
      if (owner) await owner.recover(key, target.meta, bytes);
      else await this.#store.batch([this.#host.staging.end(key)]);
    }
  }

  #add(agent: Agent): void {
    this.#agents.set(agent.name, agent);
    this.#sorted = undefined;
  }

  #find(name: string): Agent {
    const agent = this.#agents.get(name);
    if (!agent) throw new Errno('ENOENT', `no agent '${name}'`);
    return agent;
  }

  #assertName(name: string): void {
    if (!agentName.test(name)) {
      throw new Errno('EINVAL', `'${name}' cannot name an agent: a-z first, then a-z, 0-9 and '-', at most 32`);
    }
    if (RESERVED.has(name)) throw new Errno('EINVAL', `'${name}' stands for somebody else in the headers of messages`);
    if (this.#agents.has(name)) throw new Errno('EEXIST', `there is an agent '${name}'`);
  }

  /** Names stay taken until the disk has it, so that two makers cannot both succeed. */
  async #reserving<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    for (const name of names) {
      if (this.#reserved.has(name)) throw new Errno('EBUSY', `the agent '${name}' is being made, renamed or removed`);
    }
    for (const name of names) this.#reserved.add(name);
    try {
      return await work();
    } finally {
      for (const name of names) this.#reserved.delete(name);
    }
  }

  #emit(change: Change): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // A defect of who listens must not stop the agents. Told as an error, unless telling is what failed.
        if (change.type !== 'error') this.errors.add('', error);
      }
    }
  }

  #track(agent: Agent | undefined, work: Promise<unknown>): void {
    const tracked: Promise<void> = work.then(
      () => void this.#background.delete(tracked),
      (error: unknown) => {
        this.#background.delete(tracked);
        if (agent) agent.refused('', error);
        else this.errors.add('', error);
      },
    );
    this.#background.add(tracked);
  }

  #sweep(): void {
    this.#stopSweep = this.#clock.timer(SWEEP, () => {
      this.#track(undefined, this.sweep());
      if (!this.#closed) this.#sweep();
    });
  }

  /** Forgets keys that are over and archived agents that are too old or too many. */
  async sweep(): Promise<void> {
    await this.log.flush({ sync: false });
    await this.archived.purge();
    const now = this.#clock.now();
    const over = { ...within(expirePrefix), lt: `${expirePrefix}${(now + 1).toString().padStart(15, '0')}/` };
    let operations: Operation[] = [];
    for await (const key of this.#store.keys(over)) {
      operations.push(del(key));
      const used = key.slice(expirePrefix.length + 16);
      const value = this.#store.get(used);
      // A name may have been used again since: its key lives as long as the newest use says.
      const until = value && (JSON.parse(Buffer.from(value).toString()) as { until: number }).until;
      if (until !== undefined && until <= now) operations.push(del(used));
      if (operations.length < SWEEP_BATCH) continue;
      await this.#store.batch(operations, { sync: false });
      operations = [];
    }
    if (operations.length > 0) await this.#store.batch(operations, { sync: false });
  }
}
