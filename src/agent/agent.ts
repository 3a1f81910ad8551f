import { Errno } from '../kernel/errno.ts';
import { nameOf, type Subject } from '../kernel/subject.ts';
import { timeText } from '../drivers/clock/clock.ts';
import { put, type Operation } from '../drivers/store/store.ts';
import type { Model } from '../drivers/model/model.ts';
import type { AgentRecord } from './agent-record.ts';
import { DeadLetters } from './dead-letters.ts';
import { Checkpoints } from './checkpoint/checkpoints.ts';
import { Hold } from './checkpoint/hold.ts';
import { Errors } from './errors.ts';
import { Goals } from './goal/goals.ts';
import type { Host } from './host.ts';
import { Identity } from './identity.ts';
import { Inbox, type Message } from './inbox.ts';
import { Jobs } from './jobs/jobs.ts';
import { Journal } from './journal.ts';
import { agentKey, errorsKey, journalPrefix, tickKey } from './keys.ts';
import { assertLegal, type Rest, type State } from './lifecycle.ts';
import { Memory } from './memory/memory.ts';
import { Meter } from './meters.ts';
import { Notes } from './notes.ts';
import { Outbox } from './outbox.ts';
import { interruption, Replies } from './replies.ts';
import { Sending } from './sending.ts';
import { AgentSettings } from './settings/settings.ts';
import { Schedules } from './schedule/schedules.ts';
import { cut } from './text.ts';
import { Trajectory } from './trajectory.ts';

/** Tick records kept, and ticks that may be asked for ahead. */
export const TICKS = 1_000;
const REQUESTS = 100;
/** How long an agent with nothing to do stays awake, in milliseconds. */
export const IDLE = 600_000;
const REASON = 1024;

/** `status`, in the order it is shown. */
export interface Status {
  readonly state: State;
  readonly since: string;
  readonly tick: number;
  readonly last_tick: string;
  readonly last_cause: string;
  readonly queue: number;
  readonly jobs: number;
  readonly model: string;
  readonly error: string;
}

/** One agent: its parts, and what is legal. Who runs its ticks is the engine, what a tick does is in `tick.ts`. */
export class Agent {
  readonly id: number;
  readonly record: AgentRecord;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly notes: Notes;
  readonly memory: Memory;
  readonly schedules: Schedules;
  readonly goals: Goals;
  readonly sending: Sending;
  readonly identity: Identity;
  readonly errors: Errors;
  readonly settings: AgentSettings;
  readonly jobs: Jobs;
  readonly dead: DeadLetters;
  /** Fine-grained, model text included. */
  readonly trace: Journal;
  readonly trajectory: Trajectory;
  readonly replies = new Replies();
  readonly checkpoints: Checkpoints;
  readonly hold: Hold;
  readonly meter = new Meter();
  readonly #host: Host;
  /** Set by the engine while a tick runs. */
  #running: { readonly abort: AbortController; messages: readonly Message[]; readonly since: string } | undefined;
  #gone = false;
  readonly #waiters = new Set<() => void>();

  private constructor(
    record: AgentRecord,
    host: Host,
    journals: { trace: Journal; outbox: Journal },
    trajectory: Trajectory,
  ) {
    this.id = record.id;
    this.record = record;
    this.#host = host;
    this.trace = journals.trace;
    this.trajectory = trajectory;
    this.settings = new AgentSettings(this, host);
    this.jobs = new Jobs(this, host);
    this.inbox = new Inbox(this, host);
    this.outbox = new Outbox(this, host, journals.outbox);
    this.notes = new Notes(this, host);
    this.memory = new Memory(this, host);
    this.schedules = new Schedules(this, host);
    this.goals = new Goals(this, host);
    this.sending = new Sending(this, host);
    this.dead = new DeadLetters(this, host);
    this.identity = new Identity(this, host);
    this.checkpoints = new Checkpoints(this, host);
    this.hold = new Hold(this, host);
    this.errors = new Errors(host.store, host.clock, errorsKey(record.id), () => {
      host.emit({ type: 'error', agent: this });
    });
  }

  /** All of it but what is staged. */
  static async load(record: AgentRecord, host: Host): Promise<Agent> {
    const journal = (name: string, options = {}): Promise<Journal> =>
      Journal.open(host.store, journalPrefix(record.id, name), options);
    const trace = await journal('trace');
    const outbox = await journal('outbox', { durable: true });
    const agent = new Agent(record, host, { trace, outbox }, await Trajectory.open(host.store, record.id));
    agent.settings.load();
    await Promise.all([
      agent.inbox.load(),
      agent.outbox.load(),
      agent.notes.load(),
      agent.memory.load(),
      agent.dead.load(),
    ]);
    await Promise.all([agent.schedules.load(), agent.goals.load()]);
    return agent;
  }

  /** EINVAL when it does not exist (any more). */
  get model(): Model {
    return this.#host.models.get(this.record.model);
  }

  get name(): string {
    return this.record.name;
  }

  get state(): State {
    return this.#running ? 'working' : this.record.state;
  }

  /** Archived: nothing more happens here. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Messages, documents about to become one, and ticks asked for. */
  get pending(): number {
    return this.inbox.size + this.inbox.staged + this.record.requests.length;
  }

  status(): Status {
    const { record } = this;
    return {
      state: this.state,
      since: this.#running?.since ?? record.since,
      tick: record.tick,
      last_tick: record.lastTick ?? '',
      last_cause: record.lastCause ?? '',
      queue: this.inbox.size,
      jobs: this.jobs.open,
      model: record.model,
      error: record.error ?? '',
    };
  }

  /** Asks for a tick; resolves when the request is on disk. EBUSY while paused or failed, EAGAIN when many were asked for. */
  async tick(reason: string, subject: Subject): Promise<void> {
    this.#assertHere();
    assertLegal('tick', this.record.state, this.name);
    if (this.record.requests.length >= REQUESTS) throw new Errno('EAGAIN', `${REQUESTS} ticks are asked for already`);
    const request = { reason: cut(reason, REASON), by: nameOf(subject) };
    this.record.requests.push(request);
    this.#note('requested', 'manual', request);
    this.#host.event('tick.requested', this.name, request);
    try {
      await this.#host.commit([this.save()], this.journals);
    } catch (error) {
      this.record.requests = this.record.requests.filter((other) => other !== request);
      throw error;
    }
    this.#host.ready(this);
  }

  /** How long it stays idle before it hibernates by itself, in milliseconds. */
  get idle(): number {
    return this.settings.idle;
  }

  /** Ends hibernation; what is awake stays so. EINVAL when it is paused or has failed. */
  async wake(subject: Subject): Promise<void> {
    assertLegal('wake', this.record.state, this.name);
    if (this.record.state === 'hibernated') await this.#turn('idle', 'wake', subject);
  }

  /** From idle to a row in the store. EBUSY while it works or something waits, EINVAL when it is paused or has failed. */
  async hibernate(cause: 'hibernate' | 'idleness', subject?: Subject): Promise<void> {
    this.#assertHere();
    assertLegal('hibernate', this.state, this.name);
    if (this.pending > 0) throw new Errno('EBUSY', `hibernate of '${this.name}': ${this.pending} wait for a tick`);
    await this.#turn('hibernated', cause, subject);
  }

  /** For the engine: work arrived in its sleep. Goes to disk with the tick that follows; until then the work itself says it. */
  rouse(cause: string): void {
    this.#enter('idle', cause, 'system');
  }

  /** Takes effect after the tick that runs. A paused one stays paused. EINVAL when it has failed. */
  async pause(subject: Subject): Promise<void> {
    assertLegal('pause', this.record.state, this.name);
    await this.#turn('paused', 'pause', subject);
  }

  /** From paused or failed to idle; else nothing to do (an agent that sleeps goes on sleeping). EINVAL while its model does not exist. */
  async resume(subject: Subject): Promise<void> {
    if (this.record.state === 'hibernated') return;
    if (this.record.state === 'failed') this.#host.models.get(this.record.model);
    await this.#turn('idle', 'resume', subject);
    this.#host.ready(this);
  }

  /** For the engine: ends the tick that runs, soon. */
  abort(reason: Errno): void {
    if (!this.#running || this.#running.abort.signal.aborted) return;
    this.#note('abort', 'cancel', { code: reason.code, reason: reason.message });
    this.#running.abort.abort(reason);
  }

  /**
   * A message that is all body; resolves with the answer's text. Aborting takes the message back while it waits in the
   * inbox: nobody is left to read the answer. A tick that works on it is not stopped.
   */
  async ask(prompt: Uint8Array, origin: Subject, signal: AbortSignal): Promise<string> {
    const { id, committed } = this.inbox.submit(prompt, { origin, plain: true });
    // Waiting begins before the commit: the answer may be there as soon as it is through.
    const reply = this.replies.wait(id, signal);
    committed?.catch((error: unknown) => this.replies.reject(id, Errno.ofSystem(error)));
    try {
      const [text] = await Promise.all([reply, committed]);
      return text;
    } catch (error) {
      if (signal.aborted) {
        await committed;
        await this.#takeBack(id);
      }
      throw error;
    }
  }

  async #takeBack(id: string): Promise<void> {
    const message = this.gone ? undefined : this.inbox.byId(id);
    if (message && !this.workingOn(message)) await this.inbox.discard(message.name);
  }

  /**
   * Resolves when nothing is pending or running, or it cannot go on by itself: `idle`, `paused N`, `manual N`, `failed`
   * (N: what is pending). EINTR when the signal aborts, ESTALE when the agent goes.
   */
  async settled(signal: AbortSignal): Promise<string> {
    for (;;) {
      const found = this.peek();
      if (found !== undefined) return found;
      if (signal.aborted) throw interruption(signal);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          this.#waiters.delete(wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        this.#waiters.add(wake);
      });
    }
  }

  /** What `settled` would resolve with now; undefined when it would wait. */
  peek(): string | undefined {
    this.#assertHere();
    if (this.#running) return undefined;
    if (this.record.state === 'failed') return 'failed';
    if (this.record.state === 'paused') return `paused ${this.pending}`;
    if (this.pending === 0) return 'idle';
    // What is staged becomes a message by itself, and a tick that was asked for comes.
    const { requests } = this.record;
    const waits = this.settings.wake === 'manual' && this.inbox.staged + requests.length === 0;
    return waits ? `manual ${this.inbox.size}` : undefined;
  }

  /** Calls `wake` once at the next change of anything `settled` or `status` looks at. Returns the function that ends it. */
  onChange(wake: () => void): () => void {
    this.#waiters.add(wake);
    return () => void this.#waiters.delete(wake);
  }

  /** The tick record of that number, as JSON with a newline. */
  tickRecord(tick: number): Uint8Array | undefined {
    return this.#host.store.get(tickKey(this.id, tick));
  }

  /** Numbers of the tick records that are kept; both 0 when there is none. */
  get ticks(): { first: number; last: number } {
    const last = this.#running ? this.record.tick - 1 : this.record.tick;
    return { first: last === 0 ? 0 : Math.max(1, last - TICKS + 1), last };
  }

  /** A refusal or failure for `error` and for the log. `path` is below the agent. */
  refused(path: string, error: unknown): void {
    this.#host.keep(this);
    this.errors.add(path, error);
    const { code, message } = error as { code?: string; message?: string };
    this.#host.event('error', this.name, { path, code: code ?? 'EIO', reason: cut(message ?? '', REASON) });
  }

  /** The operation that stores what this agent is now. */
  save(): Operation {
    return put(agentKey(this.id), Buffer.from(JSON.stringify(this.record)));
  }

  /** What any commit may take along. The log of the outbox is not here: it goes with the tick that made it, or not at all. */
  get journals(): Journal[] {
    return [this.trace, this.trajectory.journal];
  }

  /** For the engine: a tick runs from here to `end`. */
  begin(): AbortController {
    const abort = new AbortController();
    this.#running = { abort, messages: [], since: timeText(this.#host.clock.now()) };
    for (const journal of [...this.journals, this.outbox.log]) journal.beginRun();
    this.changed();
    return abort;
  }

  /** For the tick: it works on these messages. */
  takes(messages: readonly Message[]): void {
    if (this.#running) this.#running.messages = messages;
    const now = this.#host.clock.nanos();
    for (const { attempts, interrupted, replays, mtime } of messages) {
      const first = attempts + interrupted === 0 && replays === undefined;
      if (first) this.#host.meters.waited(this.meter, Number(now - BigInt(mtime)) / 1e6);
    }
  }

  workingOn(message: Message): boolean {
    return this.#running?.messages.includes(message) ?? false;
  }

  get working(): boolean {
    return this.#running !== undefined;
  }

  end(): void {
    this.#running = undefined;
    for (const journal of [...this.journals, this.outbox.log]) journal.endRun();
    this.record.since = timeText(this.#host.clock.now());
    this.changed();
  }

  /** For the engine: its ticks broke too often, or it cannot be loaded. */
  fail(reason: string): void {
    this.record.error = reason;
    this.#enter('failed', 'failure', 'system');
  }

  /** For the server: it was archived. Whoever waits for something here gets ESTALE. */
  leave(): void {
    this.#gone = true;
    for (const journal of [...this.journals, this.outbox.log]) journal.close();
    this.replies.rejectAll(new Errno('ESTALE', `the agent '${this.name}' is gone`));
    this.changed();
  }

  /** Something a status or a wait looks at is different now. */
  changed(): void {
    this.#host.keep(this);
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
    this.#host.emit({ type: 'status', agent: this });
  }

  async #turn(to: Rest, verb: string, subject?: Subject): Promise<void> {
    this.#assertHere();
    const { state, since, error, breaks } = this.record;
    if (state === to) return;
    this.#enter(to, verb, subject ? nameOf(subject) : 'system');
    const resumed = to === 'idle' ? this.schedules.resumed() : undefined;
    try {
      await this.#host.commit([this.save(), ...(resumed?.operations ?? [])], this.journals);
      resumed?.apply();
    } catch (failure) {
      Object.assign(this.record, { state, since, error, breaks });
      throw failure;
    }
  }

  #enter(to: Rest, cause: string, by: string): void {
    const from = this.state;
    this.record.state = to;
    this.record.since = timeText(this.#host.clock.now());
    if (to !== 'failed') {
      this.record.breaks = 0;
      delete this.record.error;
    }
    this.#note('transition', cause, { from, to, by });
    this.#host.event('agent.transition', this.name, { from, to, cause, by });
    this.changed();
  }

  #note(type: string, cause: string, fields: object): void {
    const time = timeText(this.#host.clock.now());
    this.trajectory.append({ time, tick: this.record.tick, cause, type, ...fields });
  }

  #assertHere(): void {
    if (this.#gone) throw new Errno('ESTALE', `the agent '${this.name}' is gone`);
  }
}
