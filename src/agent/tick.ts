import { timeText } from '../drivers/clock/clock.ts';
import { del, put, type Operation } from '../drivers/store/store.ts';
import type { Perceived } from '../drivers/model/model.ts';
import { TICKS, type Agent } from './agent.ts';
import { Effects } from './effects.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import { job, type Ended } from './job.ts';
import { runKey, tickKey } from './keys.ts';
import { originText } from './origin.ts';
import { TickLog } from './tick-log.ts';
import type { Outcome, RunMark, TickRecord, Worked } from './tick-record.ts';

/** One tick of one agent, from WAKE to the commit. Rejects only when the tick itself breaks; a message that fails is an outcome. */
export class Tick {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #signal: AbortSignal;
  readonly #log: TickLog;
  readonly #message: Message | undefined;
  readonly #effects = new Effects();
  readonly #ended: Ended[] = [];

  constructor(agent: Agent, host: Host, signal: AbortSignal) {
    this.#agent = agent;
    this.#host = host;
    this.#signal = signal;
    this.#message = agent.inbox.next(host.clock.now()).message;
    this.#log = new TickLog(agent, host, ++agent.record.tick, this.#cause);
  }

  async run(): Promise<void> {
    const agent = this.#agent;
    const log = this.#log;
    const { cause, number: tick } = log;
    this.#host.event('tick.started', agent.name, { tick, cause, from: 'idle', to: 'working' });
    agent.inbox.recordAll();
    log.phase('WAKE', { from: 'idle', to: 'working', ...this.#asked });
    log.phase('LOAD', { queue: agent.inbox.size, notes: agent.notes.size, model: agent.record.model });
    const message = this.#message;
    if (message) agent.takes(message);
    const perceived = message ? await this.#host.perceive({ agent, host: this.#host, message }) : [];
    log.phase('PERCEIVE', {
      message: message?.id ?? null,
      ...(message ? { origin: originText(message.origin) } : {}),
      memories: perceived.map(({ path }) => path),
      texts: log.perceived(perceived),
    });
    if (message) await this.#work(message, perceived);
    this.#told();
    const requests = agent.record.requests.length - (cause === 'manual' ? 1 : 0);
    const retry = this.#shown?.retry;
    log.phase('SCHEDULE', { queue: agent.inbox.size, requests, ...(retry ? { retry } : {}) });
    const error = this.#shown?.error;
    log.phase('SLEEP', {
      outcome: this.#outcome,
      ...(error ? { error } : {}),
      from: 'working',
      to: agent.record.state,
    });
    await this.#commit();
  }

  get #cause(): string {
    const tier = this.#message?.origin.tier;
    if (this.#agent.record.requests.length > 0) return 'manual';
    return tier === 'schedule' || tier === 'goal' ? tier : 'message';
  }

  /** Who asked for this tick. */
  get #asked(): { reason?: string; by?: string } {
    const request = this.#agent.record.requests[0];
    return request ? { reason: request.reason, by: request.by } : {};
  }

  /** What its record shows: the last message that did not go well, else the last. */
  get #shown(): Ended | undefined {
    return this.#ended.findLast(({ error }) => error) ?? this.#ended.at(-1);
  }

  get #outcome(): Outcome {
    return this.#shown?.outcome ?? 'nothing to do';
  }

  async #work(message: Message, perceived: readonly Perceived[]): Promise<void> {
    const agent = this.#agent;
    const { cause, started, number: tick } = this.#log;
    const mark: RunMark = { tick, cause, started: timeText(started), messages: [message.name] };
    // Not waited for: should it not reach the disk, this tick is as if it had never begun.
    this.#host.background(agent, this.#host.store.batch([this.#put(runKey(agent.id), mark)], { sync: false }));
    const work = { agent, host: this.#host, log: this.#log, message, signal: this.#signal };
    this.#ended.push(await job(work, perceived, this.#effects));
  }

  /** What was thought and done, once all of it is over; nothing of it where it failed. */
  #told(): void {
    const thoughts = this.#ended.flatMap(({ thought }) => thought ?? []);
    if (thoughts.length === 0 && this.#ended.length > 0) return;
    this.#log.phase('THINK', { calls: thoughts.reduce((sum, { turns }) => sum + turns, 0) });
    this.#log.phase('ACT', { acts: thoughts.reduce((sum, { acts }) => sum + acts, 0) });
    const shown = this.#shown;
    const told = shown?.outcome === 'noted' ? { noted: shown.message } : shown ? { answer: shown.answer } : {};
    this.#log.phase('REMEMBER', told);
  }

  async #commit(): Promise<void> {
    const agent = this.#agent;
    const { record } = agent;
    const { cause, started, number, phases } = this.#log;
    const outcome = this.#outcome;
    const asked = this.#asked;
    const ended = timeText(this.#host.clock.now());
    const { lastTick, lastCause, error, requests, breaks } = record;
    record.lastTick = ended;
    record.lastCause = cause;
    record.breaks = 0;
    const shown = this.#shown && worked(this.#shown);
    if (shown?.error) record.error = `${shown.error.code}: ${shown.error.reason}`;
    else delete record.error;
    if (cause === 'manual' && outcome !== 'interrupted') record.requests = requests.slice(1);
    const tick: TickRecord = {
      tick: number,
      cause,
      ...asked,
      started: timeText(started),
      ended,
      outcome,
      model: record.model,
      ...shown,
      ...(this.#ended.length > 1 ? { messages: this.#ended.map(worked) } : {}),
      phases,
    };
    if (shown?.error) {
      agent.errors.add(`logs/ticks/${number}.json`, { code: shown.error.code, message: shown.error.reason });
    }
    this.#host.event('tick.ended', agent.name, {
      tick: number,
      cause,
      outcome,
      message: tick.message,
      answer: tick.answer,
      from: 'working',
      to: record.state,
    });
    const excess = number - TICKS;
    const operations = [
      ...this.#effects.prepare(),
      this.#put(tickKey(agent.id, number), tick),
      ...(excess > 0 ? [del(tickKey(agent.id, excess))] : []),
      del(runKey(agent.id)),
      ...agent.errors.operations(),
      ...agent.inbox.unmark(),
      agent.save(),
    ];
    try {
      await this.#host.commit(operations, [...agent.journals, agent.outbox.log]);
    } catch (failure) {
      this.#effects.revert();
      const now = record.requests.filter((request) => !requests.includes(request));
      Object.assign(record, { lastTick, lastCause, error, breaks, requests: [...requests, ...now] });
      throw failure;
    }
    this.#effects.apply();
    if (excess > 0) this.#host.emit({ type: 'tick', change: 'removed', agent, tick: excess });
    this.#host.emit({ type: 'tick', change: 'added', agent, tick: number });
  }

  #put(key: string, value: object): Operation {
    return put(key, Buffer.from(`${JSON.stringify(value)}\n`));
  }
}

const worked = ({ message, outcome, answer, usage, error, retry }: Ended): Worked => ({
  message,
  outcome,
  answer,
  usage,
  error,
  retry,
});
