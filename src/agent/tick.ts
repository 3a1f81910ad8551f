import { Errno } from '../kernel/errno.ts';
import { timeText } from '../drivers/clock/clock.ts';
import { del, put, type Operation } from '../drivers/store/store.ts';
import { ModelError, type Perceived, type Usage } from '../drivers/model/model.ts';
import { TICKS, type Agent } from './agent.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import { runKey, tickKey } from './keys.ts';
import { bodyOf } from './message.ts';
import { originText, senderOf } from './origin.ts';
import { pack } from './pack.ts';
import { recall, system } from './prompt.ts';

/** How long a message waits after each failure that may pass, in milliseconds. */
const RETRIES = [1_000, 10_000, 60_000];

/** Times a message may take the server down with it. */
const CRASHES = 5;

/** Model text is on disk after this many milliseconds, also in the middle of a long answer. */
const FLUSH = 1_000;

/** The reason a running tick is aborted with when the server ends: its message stays where it is. */
export const shutdown = new Errno('ECANCELED', 'the server stopped');

type Phase = 'WAKE' | 'LOAD' | 'PERCEIVE' | 'THINK' | 'ACT' | 'REMEMBER' | 'SCHEDULE' | 'SLEEP';
export type Outcome = 'answered' | 'noted' | 'nothing to do' | 'expired' | 'failed' | 'cancelled' | 'interrupted';

/** `logs/ticks/N.json`. */
export interface TickRecord {
  readonly tick: number;
  readonly cause: string;
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  readonly started: string;
  readonly ended: string;
  readonly outcome: Outcome;
  readonly model: string;
  readonly message?: string | undefined;
  readonly answer?: string | undefined;
  readonly usage?: Usage | undefined;
  readonly error?: { readonly code: string; readonly reason: string } | undefined;
  /** Why the message failed for good, or when it is tried again. */
  readonly retry?: string | undefined;
  /** The phases that were gone through, with the time each began. */
  readonly phases: readonly { readonly phase: Phase; readonly time: string }[];
}

/** What stands at the head of a dead letter; its text is the document of the message. */
export interface DeadHead {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly time: string;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
}

/** Left in the store while a model is asked, so that a start after a crash knows what was going on. */
export interface RunMark {
  readonly tick: number;
  readonly cause: string;
  readonly started: string;
  readonly message?: string | undefined;
}

/** A part of the batch at the end: exactly one of `apply` and `revert` is called. */
interface Effect {
  readonly operations: readonly Operation[];
  apply?(): void;
  revert?(): void;
}

interface Thought {
  readonly text: string;
  readonly usage: Usage;
}

/** One tick of one agent, from WAKE to the commit. Rejects only when the tick itself breaks; a message that fails is an outcome. */
export class Tick {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #signal: AbortSignal;
  readonly #started: number;
  readonly #number: number;
  readonly #cause: string;
  readonly #phases: { phase: Phase; time: string }[] = [];
  readonly #effects: Effect[] = [];
  readonly #after: (() => void)[] = [];
  #record: Partial<TickRecord> = {};
  #flushed: number;

  constructor(agent: Agent, host: Host, signal: AbortSignal) {
    this.#agent = agent;
    this.#host = host;
    this.#signal = signal;
    this.#started = host.clock.now();
    this.#flushed = this.#started;
    this.#number = ++agent.record.tick;
    this.#cause = agent.record.requests.length > 0 ? 'manual' : 'message';
  }

  async run(): Promise<void> {
    const agent = this.#agent;
    const request = agent.record.requests[0];
    this.#record = request ? { reason: request.reason, by: request.by } : {};
    const { tick } = agent.record;
    this.#host.event('tick.started', agent.name, { tick, cause: this.#cause, from: 'idle', to: 'working' });
    this.#phase('WAKE', { from: 'idle', to: 'working', ...this.#record });
    this.#phase('LOAD', { queue: agent.inbox.size, notes: agent.notes.size, model: agent.record.model });
    const message = agent.inbox.next(this.#started).message;
    if (message) agent.takes(message);
    const perceived = recall(agent.notes);
    this.#phase('PERCEIVE', {
      message: message?.id ?? null,
      ...(message ? { origin: originText(message.origin) } : {}),
      memories: perceived.map(({ path }) => path),
    });
    const outcome = message ? await this.#work(message, perceived) : this.#nothing();
    this.#sleep(outcome);
    await this.#commit(outcome);
  }

  #nothing(): Outcome {
    this.#phase('THINK', { calls: 0 });
    this.#phase('ACT', { acts: 0 });
    this.#phase('REMEMBER', {});
    this.#schedule();
    return 'nothing to do';
  }

  async #work(message: Message, perceived: readonly Perceived[]): Promise<Outcome> {
    this.#record = { ...this.#record, message: message.id };
    if (message.expires !== undefined && message.expires <= this.#started) {
      const error = new Errno('ETIMEDOUT', `it expired at ${timeText(message.expires)}`);
      this.#bury(message, error);
      this.#schedule();
      return 'expired';
    }
    if (message.interrupted >= CRASHES) {
      this.#bury(message, new Errno('EIO', `the server died ${CRASHES} times while a tick worked on it`));
      this.#schedule();
      return 'failed';
    }
    // An agent's answer to something this agent said is taken in and not answered: two of them would never end.
    if (
      message.origin.tier === 'agent' &&
      message.inReplyTo !== undefined &&
      this.#agent.outbox.has(message.inReplyTo)
    ) {
      this.#phase('THINK', { calls: 0 });
      this.#phase('ACT', { acts: 0 });
      this.#phase('REMEMBER', { noted: message.id });
      this.#consume(message);
      this.#schedule();
      return 'noted';
    }
    let thought: Thought;
    try {
      thought = await this.#think(message, perceived);
    } catch (error) {
      return this.#failed(message, error);
    }
    this.#phase('ACT', { acts: 0 });
    this.#remember(message, thought);
    this.#schedule();
    return 'answered';
  }

  async #think(message: Message, perceived: readonly Perceived[]): Promise<Thought> {
    const agent = this.#agent;
    const mark: RunMark = {
      tick: this.#number,
      cause: this.#cause,
      started: timeText(this.#started),
      message: message.name,
    };
    // Not waited for: should it not reach the disk, this tick is as if it had never begun.
    this.#host.background(agent, this.#host.store.batch([this.#put(runKey(agent.id), mark)], { sync: false }));
    const text = bodyOf(Buffer.from(agent.inbox.document(message.name)!).toString());
    const messages = [{ role: 'user', text }] as const;
    const reply = await agent.model.turn({
      system: system(agent.name, perceived),
      messages,
      perceived,
      signal: this.#signal,
      onText: (piece) => this.#trace('text', { text: piece }),
    });
    this.#signal.throwIfAborted();
    const { name, real } = agent.model;
    this.#note('model', { model: name, real, messages, text: reply.text, usage: reply.usage });
    this.#phase('THINK', { calls: 1 });
    this.#record = { ...this.#record, usage: reply.usage };
    return reply;
  }

  #remember(message: Message, { text }: Thought): void {
    const agent = this.#agent;
    const subject = message.subject === undefined ? undefined : `Re: ${message.subject.replace(/^Re: /, '')}`;
    const sent = agent.outbox.send({ to: senderOf(message.origin), text, subject, inReplyTo: message.id });
    this.#effects.push(sent);
    this.#phase('REMEMBER', { answer: sent.id });
    this.#record = { ...this.#record, answer: sent.id };
    this.#consume(message);
    if (message.origin.tier === 'agent') this.#deliver(message.origin.name, sent.id, message.id, text);
    this.#after.push(() => agent.replies.resolve(message.id, text));
  }

  /** An answer to an agent of this server is in its inbox with the commit that makes it. */
  #deliver(to: string, id: string, inReplyTo: string, text: string): void {
    const target = this.#host.find(to);
    if (!target) return;
    const origin = { tier: 'agent', name: this.#agent.name } as const;
    const bytes = Buffer.from(`Id: ${id}\nIn-Reply-To: ${inReplyTo}\n\n${text}`);
    try {
      this.#effects.push(target.inbox.offer(bytes, { origin }));
    } catch (error) {
      // Its inbox is full, say: the answer stands in the outbox, and the one who was to have it can read why.
      target.refused('inbox', error);
    }
  }

  #consume(message: Message): void {
    this.#effects.push(this.#agent.inbox.consume(message));
  }

  #failed(message: Message, error: unknown): Outcome {
    const stopped = this.#signal.aborted;
    const failure = stopped ? (this.#signal.reason as Errno) : Errno.from(error, () => undefined);
    const reason = failure.code === 'EIO' && error instanceof Error ? error.message : failure.message;
    this.#note('error', { code: failure.code, reason });
    this.#record = { ...this.#record, error: { code: failure.code, reason } };
    if (failure === shutdown) {
      this.#schedule();
      return 'interrupted';
    }
    const wait = RETRIES[message.attempts];
    if (!stopped && error instanceof ModelError && error.retryable && wait !== undefined) {
      const notBefore = this.#host.clock.now() + wait;
      const { attempts, notBefore: before } = message;
      this.#effects.push({
        operations: [this.#agent.inbox.postpone(message, { attempts: attempts + 1, notBefore })],
        revert: () => Object.assign(message, { attempts, notBefore: before }),
      });
      this.#record = { ...this.#record, retry: timeText(notBefore) };
    } else this.#bury(message, new Errno(failure.code, reason));
    this.#schedule();
    return stopped ? 'cancelled' : 'failed';
  }

  /** The message is taken out and kept with the reason; whoever waits for an answer gets the error. */
  #bury(message: Message, error: Errno): void {
    const agent = this.#agent;
    const { id, name, attempts } = message;
    const { code, message: reason } = error;
    this.#record = { ...this.#record, error: { code, reason } };
    const head: DeadHead = {
      id,
      name,
      origin: originText(message.origin),
      time: timeText(this.#host.clock.now()),
      code,
      reason,
      attempts: attempts + 1,
    };
    const added = agent.dead.add(message.order, pack(head, agent.inbox.document(name)));
    this.#effects.push({
      operations: added.operations,
      apply: () => {
        for (const old of added.apply()) this.#host.emit({ type: 'dead', change: 'removed', agent, name: old });
        this.#host.emit({ type: 'dead', change: 'added', agent, name: message.order });
      },
    });
    this.#consume(message);
    this.#host.event('message.dead', agent.name, { id, code, reason });
    this.#after.push(() => agent.replies.reject(id, error));
  }

  #schedule(): void {
    const { record, inbox } = this.#agent;
    const requests = record.requests.length - (this.#cause === 'manual' ? 1 : 0);
    this.#phase('SCHEDULE', {
      queue: inbox.size,
      requests,
      ...(this.#record.retry ? { retry: this.#record.retry } : {}),
    });
  }

  #sleep(outcome: Outcome): void {
    const error = this.#record.error;
    this.#phase('SLEEP', { outcome, ...(error ? { error } : {}), from: 'working', to: this.#agent.record.state });
  }

  async #commit(outcome: Outcome): Promise<void> {
    const agent = this.#agent;
    const { record } = agent;
    const ended = timeText(this.#host.clock.now());
    const { lastTick, lastCause, error, requests, breaks } = record;
    record.lastTick = ended;
    record.lastCause = this.#cause;
    record.breaks = 0;
    if (this.#record.error) record.error = `${this.#record.error.code}: ${this.#record.error.reason}`;
    else delete record.error;
    if (this.#cause === 'manual' && outcome !== 'interrupted') record.requests = requests.slice(1);
    const tick: TickRecord = {
      tick: this.#number,
      cause: this.#cause,
      started: timeText(this.#started),
      ended,
      outcome,
      model: agent.record.model,
      ...this.#record,
      phases: this.#phases,
    };
    if (tick.error)
      agent.errors.add(`logs/ticks/${tick.tick}.json`, { code: tick.error.code, message: tick.error.reason });
    this.#host.event('tick.ended', agent.name, {
      tick: tick.tick,
      cause: tick.cause,
      outcome,
      message: tick.message,
      answer: tick.answer,
      from: 'working',
      to: record.state,
    });
    const excess = this.#number - TICKS;
    const operations = [
      ...this.#effects.flatMap(({ operations }) => operations),
      this.#put(tickKey(agent.id, this.#number), tick),
      ...(excess > 0 ? [del(tickKey(agent.id, excess))] : []),
      del(runKey(agent.id)),
      ...agent.errors.operations(),
      agent.save(),
    ];
    try {
      await this.#host.commit(operations, [...agent.journals, agent.outbox.log]);
    } catch (failure) {
      for (const effect of this.#effects) effect.revert?.();
      const now = record.requests.filter((request) => !requests.includes(request));
      Object.assign(record, { lastTick, lastCause, error, breaks, requests: [...requests, ...now] });
      throw failure;
    }
    for (const effect of this.#effects) effect.apply?.();
    for (const run of this.#after) run();
    if (excess > 0) this.#host.emit({ type: 'tick', change: 'removed', agent, tick: excess });
    this.#host.emit({ type: 'tick', change: 'added', agent, tick: this.#number });
  }

  #phase(phase: Phase, fields: object): void {
    this.#phases.push({ phase, time: timeText(this.#host.clock.now()) });
    this.#note('phase', { phase, ...fields });
  }

  /** In the trajectory, which is for ever, and in the trace, which is for whoever watches. */
  #note(type: string, fields: object): void {
    const time = timeText(this.#host.clock.now());
    this.#agent.trajectory.append({ time, tick: this.#number, cause: this.#cause, type, ...fields });
    this.#agent.trace.append({ time, tick: this.#number, type, ...fields });
  }

  #trace(type: string, fields: object): void {
    const now = this.#host.clock.now();
    const { trace } = this.#agent;
    trace.append({ time: timeText(now), tick: this.#number, type, ...fields });
    if (now - this.#flushed < FLUSH) return;
    this.#flushed = now;
    this.#host.background(this.#agent, trace.flush({ sync: false }));
  }

  #put(key: string, value: object): Operation {
    return put(key, Buffer.from(`${JSON.stringify(value)}\n`));
  }
}
