import { timeText } from '../drivers/clock/clock.ts';
import type { Perceived } from '../drivers/model/model.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import type { RunningJob } from './jobs/running.ts';
import type { Phase } from './tick-record.ts';

/** Model text is on disk after this many milliseconds, also in the middle of a long answer. */
const FLUSH = 1_000;

/** Where a tick tells what it does. */
export class TickLog {
  readonly number: number;
  readonly cause: string;
  /** Milliseconds. */
  readonly started: number;
  readonly phases: { phase: Phase; time: string }[] = [];
  readonly #agent: Agent;
  readonly #host: Host;
  #flushed: number;

  constructor(agent: Agent, host: Host, number: number, cause: string) {
    this.#agent = agent;
    this.#host = host;
    this.number = number;
    this.cause = cause;
    this.started = host.clock.now();
    this.#flushed = this.started;
  }

  phase(phase: Phase, fields: object): void {
    this.phases.push({ phase, time: timeText(this.#host.clock.now()) });
    this.note('phase', { phase, ...fields });
  }

  /** In the trajectory, which is for ever, and in the trace, which is for whoever watches. */
  note(type: string, fields: object): void {
    const now = this.#host.clock.now();
    const time = timeText(now);
    if (type === 'model' || type === 'tool') this.#host.meters.acted(this.#agent.meter, type, now);
    this.#agent.trajectory.append({ time, tick: this.number, cause: this.cause, type, ...fields });
    this.#agent.trace.append({ time, tick: this.number, type, ...fields });
  }

  /** What the model is about to be shown, so that the tick can be run again: `texts` of PERCEIVE are the hashes of these. */
  perceived(perceived: readonly Perceived[]): string[] {
    const time = timeText(this.#host.clock.now());
    return this.#agent.trajectory.perceived({ time, tick: this.number, cause: this.cause }, perceived);
  }

  /** In the trace only. */
  trace(type: string, fields: object): void {
    const now = this.#host.clock.now();
    const { trace } = this.#agent;
    trace.append({ time: timeText(now), tick: this.number, type, ...fields });
  }

  /** A job goes on: what is known of it and of the trace is on disk once a second has gone by. */
  slow(job: RunningJob): void {
    const now = this.#host.clock.now();
    if (now - this.#flushed < FLUSH) return;
    this.#flushed = now;
    const { jobs, trace } = this.#agent;
    this.#host.background(this.#agent, this.#host.commit([jobs.checkpoint(job)], [trace], { sync: false }));
  }
}
