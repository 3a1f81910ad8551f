import { timeText } from '../drivers/clock/clock.ts';
import { del, put, type Operation } from '../drivers/store/store.ts';
import type { Perceived } from '../drivers/model/model.ts';
import { TICKS, type Agent } from './agent.ts';
import { Effects } from './effects.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import { job, type Ended } from './job.ts';
import { runKey, tickKey } from './keys.ts';
import { originText, senderOf } from './origin.ts';
import { TickLog } from './tick-log.ts';
import type { Outcome, RunMark, TickRecord, Worked } from './tick-record.ts';

/** One tick of one agent, from WAKE to the commit. Rejects only when the tick itself breaks; a message that fails is an outcome. */
export class Tick {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #abort: AbortController;
  readonly #log: TickLog;
  /** In the order they are worked on. */
  readonly #messages: readonly Message[];
  readonly #effects = new Effects();
  readonly #ended: Ended[] = [];

  constructor(agent: Agent, host: Host, abort: AbortController) {
    this.#agent = agent;
    this.#host = host;
    this.#abort = abort;
    this.#messages = agent.inbox.due(host.clock.now(), agent.settings.loop.batch);
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
    const messages = this.#messages;
    const [message] = messages;
    agent.takes(messages);
    const perceived = await this.#perceive();
    const all = perceived.flat();
    const texts = log.perceived(all);
    let given = 0;
    log.phase('PERCEIVE', {
      message: message?.id ?? null,
      ...(message ? { origin: originText(message.origin) } : {}),
      memories: [...new Set(all.map(({ path }) => path))],
      ...(messages.length > 1
        ? {
            messages: messages.map(({ id }, index) => {
              const from = given;
              given += perceived[index]!.length;
              return { message: id, texts: texts.slice(from, given) };
            }),
          }
        : { texts }),
    });
    if (messages.length > 0) await this.#work(perceived);
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

  get #signal(): AbortSignal {
    return this.#abort.signal;
  }

  get #cause(): string {
    const tier = this.#messages[0]?.origin.tier;
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

  /** Of each message. */
  async #perceive(): Promise<Perceived[][]> {
    const perceived: Perceived[][] = [];
    for (const message of this.#messages)
      perceived.push(
        await this.#host.perceive({ agent: this.#agent, host: this.#host, message, signal: this.#signal }),
      );
    return perceived;
  }

  /** One after the other; what the end of the tick does not let come to its turn waits on. */
  async #work(perceived: readonly Perceived[][]): Promise<void> {
    const agent = this.#agent;
    const messages = this.#messages;
    const { cause, started, number: tick } = this.#log;
    const mark: RunMark = { tick, cause, started: timeText(started), messages: messages.map(({ name }) => name) };
    // Not waited for: should it not reach the disk, this tick is as if it had never begun.
    this.#host.background(agent, this.#host.store.batch([this.#put(runKey(agent.id), mark)], { sync: false }));
    // Several can be ended each for itself; the end of the tick is the end of all.
    const several = messages.length > 1;
    const stop = (): void => {
      for (const running of agent.jobs.running()) running.abort(this.#signal.reason);
    };
    if (several) this.#signal.addEventListener('abort', stop, { once: true });
    const held = new Set<string>();
    for (const [index, message] of messages.entries()) {
      if (held.has(senderOf(message.origin))) continue;
      const abort = several ? new AbortController() : this.#abort;
      const given = { agent, host: this.#host, log: this.#log, message, abort };
      const ended = job(given, perceived[index]!, this.#effects);
      // Also where the end came before the job was there to hear it.
      if (several && this.#signal.aborted) stop();
      this.#ended.push(await ended);
      // Of one origin nothing goes before a message that is tried again.
      if (this.#ended.at(-1)?.retry !== undefined) held.add(senderOf(message.origin));
      if (this.#signal.aborted) break;
    }
    if (several) this.#signal.removeEventListener('abort', stop);
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
    this.#effects.push(agent.jobs.trim());
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

const worked = ({ job: number, message, outcome, answer, usage, error, retry }: Ended): Worked => ({
  job: number,
  message,
  outcome,
  answer,
  usage,
  error,
  retry,
});
