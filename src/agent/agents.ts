import { Errno } from '../kernel/errno.ts';
import { agentName } from '../kernel/name.ts';
import { nameOf, type Subject } from '../kernel/subject.ts';
import { timeText, type Clock } from '../drivers/clock/clock.ts';
import { del, within, type Operation, type Store } from '../drivers/store/store.ts';
import { prepare } from '../drivers/store/schema.ts';
import type { Keys } from '../drivers/keys/keys.ts';
import type { Metrics } from '../drivers/metrics/metrics.ts';
import type { Models } from '../drivers/model/model.ts';
import { Agent, IDLE } from './agent.ts';
import type { AgentRecord } from './agent-record.ts';
import { Archive, baseOf } from './archive.ts';
import { fork } from './checkpoint/fork.ts';
import { move, moving } from './checkpoint/moving.ts';
import { recoverUnfinished } from './checkpoint/recover.ts';
import { carryOut, decideRestore, restoringOf } from './checkpoint/restore.ts';
import { unarchive } from './checkpoint/unarchive.ts';
import { noWork, type Work } from './checkpoint/work.ts';
import { commit } from './commit.ts';
import { Engine } from './engine.ts';
import { Errors } from './errors.ts';
import type { Change, Host } from './host.ts';
import { Events } from './events.ts';
import { Idleness } from './idleness.ts';
import { Identities } from './identities.ts';
import { Ids } from './ids.ts';
import { Journal } from './journal.ts';
import {
  agentKey,
  agentsPrefix,
  dueKey,
  expirePrefix,
  pendingKey,
  pendingPrefix,
  rootErrorsKey,
  rootJournalPrefix,
  VERSION,
  type Due,
} from './keys.ts';
import { assertLegal, type State } from './lifecycle.ts';
import { Meters } from './meters.ts';
import { migrations } from './migrations.ts';
import { recoverRun } from './recover.ts';
import { perceive } from './perceive.ts';
import { Residents } from './residents.ts';
import { Row, Rows } from './rows.ts';
import { DueQueue } from './schedule/due.ts';
import { Staging } from './staging.ts';
import { builtIn, Tools, type Tool } from './tools.ts';

/** How often what is over is looked for, in milliseconds, and keys deleted in one batch. */
const SWEEP = 60_000;
const SWEEP_BATCH = 1_000;
/** Names an answer may go to that are no agents. */
const RESERVED = new Set(['operator', 'observer']);
/** Agents that are loaded at one time. */
const LOADING = 32;
/** Agents with nothing to do that stay in memory. */
export const RESIDENTS = 1_000;

export interface AgentsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly models: Models;
  /** Default: those every server has. */
  readonly tools?: readonly Tool[];
  /** Default: from what the agent has. */
  readonly perceive?: Host['perceive'];
  /** The agents' keys. Absent: they have none, and whatever needs one is ENOKEY. */
  readonly keys?: Keys | undefined;
  /** Default: by the clock. */
  readonly ids?: Ids;
  /** Ticks at one time. Default 64. */
  readonly parallel?: number;
  /** Agents with nothing to do that stay in memory. Default 1,000. */
  readonly residents?: number;
  /** Default: there are no work/ directories. */
  readonly work?: Work;
  /** Default: nothing is counted of the server as a whole. */
  readonly metrics?: Metrics;
  /** False: no schedule comes due by itself, as in a replay, which is given what they gave. Default true. */
  readonly schedules?: boolean;
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

/** All agents of a server. Each has a row in memory; what it is made of is loaded when somebody needs it. */
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
  readonly #events: Events;
  readonly #rows = new Rows();
  readonly #residents: Residents;
  readonly #idleness: Idleness;
  readonly #due: DueQueue;
  readonly #meters: Meters;
  /** Names that are being given or taken. */
  readonly #reserved = new Set<string>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #background = new Set<Promise<void>>();
  #next = 1;
  #stopSweep: (() => void) | undefined;
  #sweeping = false;
  #closed = false;

  private constructor(options: AgentsOptions, log: Journal) {
    const { store, clock, models, tools = builtIn, keys, parallel, residents = RESIDENTS, work = noWork } = options;
    this.log = log;
    this.#store = store;
    this.#clock = clock;
    this.#models = models;
    this.#meters = new Meters(options.metrics);
    this.errors = new Errors(store, clock, rootErrorsKey, () => this.#emit({ type: 'error' }));
    this.#events = new Events(log, clock, (work) => this.#track(undefined, work));
    this.#residents = new Residents({
      bound: residents,
      open: (row) => this.#open(row),
      evicted: (agent) => this.#evict(agent),
    });
    this.#idleness = new Idleness(clock, (row) => this.#hibernate(row));
    this.#host = {
      store,
      clock,
      models,
      tools: new Tools(tools),
      perceive: options.perceive ?? perceive,
      ids: options.ids ?? new Ids(clock),
      staging: new Staging(store),
      meters: this.#meters,
      identities: new Identities({ store, clock, keys, background: (work) => this.#track(undefined, work) }),
      work,
      commit: (operations, journals, options) => commit(store, operations, [...journals, log], options),
      event: (type, agent, fields) => this.event(type, { agent, ...fields }),
      emit: (change) => this.#emit(change),
      background: (agent, work) => this.#track(agent, work),
      ready: (agent) => this.#engine.ready(agent),
      due: (time) => this.#due.at(time),
      load: (which) => this.load(which),
      keep: (agent) => this.#keep(agent),
    };
    this.#engine = new Engine(this.#host, parallel);
    this.#due = new DueQueue({
      store,
      clock,
      fire: (due) => this.#fire(due),
      room: () => this.#engine.calm(),
      failed: (error) => this.errors.add('', error),
    });
    this.archived = new Archive(store, clock, work);
  }

  /**
   * Reads the rows, loads what has work, ends what a crash left half done, publishes what was staged, and begins to
   * tick. ENOTSUP for a store of another version. The store stays its opener's: close it after `close`.
   */
  static async open(options: AgentsOptions): Promise<Agents> {
    const { store } = options;
    await prepare(store, VERSION, migrations);
    await recoverUnfinished({ store, work: options.work ?? noWork });
    const log = await Journal.open(store, rootJournalPrefix('events'));
    const agents = new Agents(options, log);
    await agents.#events.resume(agents.#host.ids);
    await agents.#start();
    agents.#sweep();
    await agents.log.flush();
    agents.#engine.start();
    if (options.schedules !== false) agents.#due.start();
    return agents;
  }

  /** Sorted by name. */
  list(): readonly Row[] {
    return this.#rows.list();
  }

  row(name: string): Row | undefined {
    return this.#rows.get(name);
  }

  has(name: string): boolean {
    return this.#rows.get(name) !== undefined;
  }

  /** The row is one of an agent that is there. */
  holds(row: Row): boolean {
    return this.#rows.byId(row.id) === row;
  }

  /** The agent, if it is in memory. */
  get(name: string): Agent | undefined {
    return this.#rows.get(name)?.agent;
  }

  /** The agent, in memory from now on and not woken. Undefined when there is none. */
  async load(which: string | number): Promise<Agent | undefined> {
    const row = typeof which === 'string' ? this.#rows.get(which) : this.#rows.byId(which);
    return row && this.#residents.load(row);
  }

  /** As `load`, of a row that is there; at once where the agent is in memory. ESTALE when it is gone. */
  resident(row: Row): Agent | Promise<Agent> {
    if (!this.holds(row)) throw new Errno('ESTALE', `the agent '${row.name}' is gone`);
    return this.#residents.load(row);
  }

  hasId(id: number): boolean {
    return this.#rows.byId(id) !== undefined;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Agents in memory, for whatever reason. */
  get loaded(): number {
    return this.#residents.list().length;
  }

  /** Ticks that run, and agents that wait for their turn. */
  get busy(): { running: number; waiting: number } {
    return this.#engine.load;
  }

  get models(): Models {
    return this.#models;
  }

  index(): IndexRow[] {
    return this.list().map((row) => ({
      name: row.name,
      state: row.shown,
      tick: row.tick,
      queue: row.queue,
      last: timeText(row.last),
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
        name,
        model: record.model,
        by,
      });
      this.event('agent.defined', { agent: name, model: record.model, by });
      await this.#host.commit([agent.save(), ...this.#host.identities.wanted(agent.id)], agent.journals);
      this.#host.identities.made(agent.id);
      return this.#enlist(agent);
    });
  }

  #enlist(agent: Agent): Agent {
    const row = rowOf(agent.record);
    this.#rows.add(row);
    this.#residents.add(row, agent);
    this.#note(agent);
    agent.schedules.enqueue();
    this.#emit({ type: 'agent', change: 'added', agent });
    return agent;
  }

  /** A new agent with the state of another, now or at a checkpoint. ENOENT, EEXIST, EINVAL, EBUSY while the parent works. */
  async fork(
    name: string,
    to: string,
    options: { checkpoint?: string; subject: Subject; signal?: AbortSignal },
  ): Promise<Agent> {
    const row = this.#find(name);
    this.#assertName(to);
    return this.#reserving([to], async () => {
      const parent = await this.resident(row);
      const release = parent.hold.take(`'${to}' is forked from it`);
      try {
        return this.#enlist(await fork(parent, this.#host, { ...options, id: this.#next++, name: to }));
      } finally {
        release();
      }
    });
  }

  /**
   * The agent is what it was at a checkpoint; what it is now is another checkpoint first, whose name is returned.
   * Whoever holds something of it gets ESTALE. ENOENT, EBUSY while it works, ENOSPC, EFBIG, EINTR.
   */
  async restore(name: string, checkpoint: string, subject: Subject, signal?: AbortSignal): Promise<string> {
    const row = this.#find(name);
    return this.#reserving([name], async () => {
      const was = await this.resident(row);
      const release = was.hold.take(`it is restored to '${checkpoint}'`);
      let saved: string;
      try {
        saved = await decideRestore(was, this.#host, checkpoint, subject, signal);
      } catch (error) {
        release();
        throw error;
      }
      this.#engine.forget(was);
      was.leave();
      const agent = await this.#residents.renew(row);
      this.#note(agent);
      this.#emit({ type: 'agent', change: 'restored', agent, was });
      this.#engine.ready(agent);
      return saved;
    });
  }

  /** Brings an agent back from the archive, the newest of NAME or NAME@TIME, under its name or another. ENOENT, EEXIST, EINVAL. */
  async unarchive(which: string, subject: Subject, as = baseOf(`${which}@`)): Promise<Agent> {
    this.#assertName(as);
    return this.#reserving([as], async () => {
      const entry = this.archived.take(which);
      try {
        const agent = this.#enlist(await unarchive(entry, as, subject, this.#host));
        this.#engine.ready(agent);
        return agent;
      } catch (error) {
        this.archived.add(entry);
        throw error;
      }
    });
  }

  /** The agent goes to the archive under NAME@TIME, which is returned; its name is free at once. ENOENT, EBUSY while it works. */
  async archive(name: string, subject: Subject): Promise<string> {
    const row = this.#find(name);
    assertLegal('archive', row.shown, name);
    return this.#reserving([name], async () => {
      const agent = await this.#residents.load(row);
      assertLegal('archive', agent.state, name);
      agent.hold.assertFree();
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
      this.#rows.remove(row);
      this.#residents.remove(row);
      this.#idleness.forget(row);
      this.#emit({ type: 'agent', change: 'removed', agent });
      const directory = { id: agent.id, from: name, to: archived };
      await this.#host.commit([agent.save(), del(pendingKey(agent.id)), moving(directory)], agent.journals);
      await move(this.#host, directory);
      this.archived.add({ id: agent.id, name: archived, time: Date.parse(time) });
      return archived;
    });
  }

  /** ENOENT, EBUSY unless idle or paused, EEXIST, EINVAL. */
  async rename(from: string, to: string, subject: Subject): Promise<void> {
    const row = this.#find(from);
    assertLegal('rename', row.shown, from);
    if (from === to) return;
    this.#assertName(to);
    await this.#reserving([from, to], async () => {
      const agent = await this.#residents.load(row);
      assertLegal('rename', agent.state, from);
      agent.hold.assertFree();
      agent.record.name = to;
      const time = timeText(this.#clock.now());
      const by = nameOf(subject);
      agent.trajectory.append({ time, tick: agent.record.tick, cause: 'rename', type: 'renamed', from, to, by });
      this.event('agent.renamed', { agent: to, from, by });
      const directory = { id: agent.id, from, to };
      try {
        await this.#host.commit([agent.save(), moving(directory)], agent.journals);
      } catch (error) {
        agent.record.name = from;
        throw error;
      }
      await move(this.#host, directory);
      this.#rows.rename(row, to);
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
    this.#events.add(type, fields);
    this.#meters.event(type, fields);
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
      this.#residents.list().flatMap((agent) => agent.journals),
    );
  }

  /** Ends the ticks that run (their messages stay) and makes everything durable. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopSweep?.();
    this.#idleness.stop();
    await Promise.all([this.#due.stop(), this.#engine.stop()]);
    await this.#host.identities.close();
    await this.sync();
    const residents = this.#residents.list();
    for (const agent of residents) for (const journal of agent.journals) await journal.settled();
    await this.log.settled();
    for (const agent of residents) agent.leave();
    this.log.close();
  }

  /** The rows of all; of the agents themselves only those that have work, or whose tick a crash cut off. */
  async #start(): Promise<void> {
    await this.#host.identities.load();
    const busy = new Set<Row>();
    for await (const [, value] of this.#store.range(within(agentsPrefix))) {
      const record = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString()) as AgentRecord;
      this.#next = Math.max(this.#next, record.id + 1);
      if (record.archived !== undefined) {
        const time = Date.parse(record.archived.slice(record.archived.indexOf('@') + 1));
        this.archived.add({ id: record.id, name: record.archived, time });
        continue;
      }
      const row = rowOf(record);
      this.#rows.add(row);
      this.#idleness.note(row);
      if (record.requests.length > 0 || !this.#models.has(record.model)) busy.add(row);
    }
    for await (const key of this.#store.keys(within(pendingPrefix))) {
      const row = this.#rows.byId(Number(key.slice(pendingPrefix.length)));
      if (row) busy.add(row);
    }
    const staged = await this.#host.staging.load();
    for (const { target } of staged) {
      const row = this.#rows.byId(target.agent);
      if (row) busy.add(row);
    }
    // Side by side, because each of them waits for the disk a dozen times; in groups, because there may be very many.
    const rows = [...busy];
    const agents: Agent[] = [];
    for (let start = 0; start < rows.length; start += LOADING) {
      agents.push(
        ...(await Promise.all(rows.slice(start, start + LOADING).map(async (row) => this.#residents.load(row)))),
      );
    }
    // What was flushed and not closed when the server died: it was acknowledged, so it acts now, once.
    for (const { key, target, bytes } of staged) {
      const agent = this.#rows.byId(target.agent)?.agent;
      const owner = {
        inbox: agent?.inbox,
        note: agent?.notes,
        settings: agent?.settings,
        profile: agent?.identity.profile,
        goal: agent?.goals,
        outbox: agent?.sending,
        feedback: agent?.jobs,
      }[target.kind];
      if (owner) await owner.recover(key, target.meta, bytes);
      else await this.#store.batch([this.#host.staging.end(key)]);
    }
    for (const agent of agents) this.#engine.ready(agent);
  }

  /** What is due of an agent that is gone is nobody's. */
  async #fire(due: Due): Promise<void> {
    const row = this.#rows.byId(due.agent);
    if (!row) await this.#store.batch([del(dueKey(due))]);
    else await (await this.#residents.load(row)).schedules.fire(due.name, due.time);
  }

  async #open(row: Row): Promise<Agent> {
    const restoring = restoringOf(this.#store, row.id);
    if (restoring) await carryOut(this.#host, restoring);
    const value = this.#store.get(agentKey(row.id));
    if (!value) throw new Errno('EIO', `the agent '${row.name}' is not in the store`);
    const agent = await Agent.load(JSON.parse(Buffer.from(value).toString()) as AgentRecord, this.#host);
    await recoverRun(agent, this.#host);
    agent.schedules.enqueue();
    const { model, state } = agent.record;
    if (!this.#models.has(model) && state !== 'failed') agent.fail(`there is no model '${model}' any more`);
    return agent;
  }

  /** It may go from memory: what waits for a commit must not go with it. */
  #evict(agent: Agent): void {
    if (agent.gone || this.#closed) return;
    if (agent.journals.some(({ waiting }) => waiting > 0)) this.#track(agent, this.#host.commit([], agent.journals));
    this.#emit({ type: 'agent', change: 'evicted', agent });
  }

  #keep(agent: Agent): void {
    const row = this.#rows.byId(agent.id);
    if (!row || row.agent !== agent || agent.gone) return;
    this.#residents.keep(agent);
    this.#note(agent, row);
  }

  /** What the row says of it. */
  #note(agent: Agent, row = this.#rows.byId(agent.id)): void {
    if (!row) return;
    const { record } = agent;
    row.state = record.state;
    row.tick = record.tick;
    row.queue = agent.inbox.size;
    row.last = lastOf(record);
    row.sleeps = agent.state === 'idle' && agent.pending === 0 ? row.last + agent.idle : Infinity;
    this.#idleness.note(row);
  }

  async #hibernate(row: Row): Promise<void> {
    try {
      const agent = await this.resident(row);
      const due = lastOf(agent.record) + agent.idle;
      const still = agent.state === 'idle' && agent.pending === 0 && agent.hold.why === undefined;
      if (still && due <= this.#clock.now()) await agent.hibernate('idleness');
      else this.#note(agent);
    } catch (error) {
      row.sleeps = Infinity;
      this.#idleness.forget(row);
      this.refused(`agents/${row.name}`, error);
    }
  }

  #find(name: string): Row {
    const row = this.#rows.get(name);
    if (!row) throw new Errno('ENOENT', `no agent '${name}'`);
    return row;
  }

  #assertName(name: string): void {
    if (!agentName.test(name)) {
      throw new Errno('EINVAL', `'${name}' cannot name an agent: a-z first, then a-z, 0-9 and '-', at most 32`);
    }
    if (RESERVED.has(name)) throw new Errno('EINVAL', `'${name}' stands for somebody else in the headers of messages`);
    if (this.has(name)) throw new Errno('EEXIST', `there is an agent '${name}'`);
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
      // One at a time: after a long sleep of the machine many come due together.
      if (!this.#sweeping) {
        this.#sweeping = true;
        this.#track(
          undefined,
          this.sweep().finally(() => (this.#sweeping = false)),
        );
      }
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

/** Milliseconds of what happened last. */
const lastOf = ({ lastTick, since }: AgentRecord): number =>
  Date.parse(lastTick !== undefined && lastTick > since ? lastTick : since);

/** A row as the record has it; how long an idle one stays awake is told when it is loaded, until then the default. */
const rowOf = (record: AgentRecord): Row => {
  const row = new Row({ ...record, last: lastOf(record) });
  if (record.state === 'idle') row.sleeps = row.last + IDLE;
  return row;
};
