import { timeText } from '../drivers/clock/clock.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import { shutdown } from './shutdown.ts';
import { Tick } from './tick.ts';

/** Ticks that run at one time, in the whole server. */
const PARALLEL = 64;
/** How long an agent rests after its tick broke, in milliseconds; after the last one it has failed. */
const BREAKS = [1_000, 10_000];
/** Agents that may wait for their turn before more work is looked for. */
const CALM = 256;

/** Runs the ticks: one at a time of each agent, many agents at once, who is ready first comes first. */
export class Engine {
  readonly #host: Host;
  readonly #parallel: number;
  readonly #ready = new Set<Agent>();
  readonly #running = new Map<Agent, Promise<void>>();
  readonly #timers = new Map<Agent, () => void>();
  #calm: (() => void)[] = [];
  #stopped = false;
  /** Until `start`: what is loaded waits. */
  #started = false;

  constructor(host: Host, parallel = PARALLEL) {
    this.#host = host;
    this.#parallel = parallel;
  }

  /** Ticks that run, and agents that wait for their turn. */
  get load(): { running: number; waiting: number } {
    return { running: this.#running.size, waiting: this.#ready.size };
  }

  /** Resolves when not very many agents wait for their turn. */
  async calm(): Promise<void> {
    while (this.#ready.size > CALM && !this.#stopped) await new Promise<void>((resolve) => this.#calm.push(resolve));
  }

  start(): void {
    this.#started = true;
    this.#pump();
  }

  /** The agent may have something to do: now, later, or not at all. */
  ready(agent: Agent): void {
    const { state } = agent.record;
    if (this.#stopped || agent.gone || agent.working || agent.hold.why !== undefined) return;
    if (state !== 'idle' && state !== 'hibernated') return;
    if (this.#timers.has(agent) && agent.record.breaks > 0) return;
    const now = this.#host.clock.now();
    // Where messages do not wake it, they wait for a tick that is asked for.
    const next = agent.settings.wake === 'manual' ? {} : agent.inbox.next(now);
    if (next.message || agent.record.requests.length > 0) {
      if (state === 'hibernated') agent.rouse(next.message ? 'message' : 'manual');
      this.#cancelTimer(agent);
      this.#ready.add(agent);
      this.#pump();
    } else if (next.due !== undefined) this.#later(agent, next.due - now);
  }

  /** It will not tick any more: it was archived. */
  forget(agent: Agent): void {
    this.#ready.delete(agent);
    this.#cancelTimer(agent);
  }

  /** Aborts what runs and waits for it; nothing begins any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ready.clear();
    for (const resolve of this.#calm.splice(0)) resolve();
    for (const agent of [...this.#timers.keys()]) this.#cancelTimer(agent);
    for (const agent of this.#running.keys()) agent.abort(shutdown);
    await Promise.all(this.#running.values());
  }

  #pump(): void {
    if (!this.#started) return;
    for (const agent of this.#ready) {
      if (this.#running.size >= this.#parallel) break;
      this.#ready.delete(agent);
      if (agent.gone || agent.hold.why !== undefined || agent.record.state !== 'idle') continue;
      this.#running.set(agent, this.#run(agent));
    }
    if (this.#ready.size <= CALM) for (const resolve of this.#calm.splice(0)) resolve();
  }

  async #run(agent: Agent): Promise<void> {
    const abort = agent.begin();
    // The caller goes on first: whoever publishes a message sees it waiting.
    await Promise.resolve();
    const { clock, meters } = this.#host;
    const started = clock.nanos();
    let broken: unknown;
    try {
      await new Tick(agent, this.#host, abort).run();
      meters.ticked(agent.meter, Number(clock.nanos() - started) / 1e6);
    } catch (error) {
      broken = error;
    }
    this.#running.delete(agent);
    agent.end();
    if (broken === undefined) this.ready(agent);
    else this.#broke(agent, broken);
    this.#pump();
  }

  /** The tick itself failed, not a message: the store refused the commit, or we have a defect. */
  #broke(agent: Agent, error: unknown): void {
    const wait = BREAKS[agent.record.breaks++];
    const reason = error instanceof Error ? error.message : String(error);
    const time = timeText(this.#host.clock.now());
    agent.trajectory.append({ time, tick: agent.record.tick, cause: 'failure', type: 'broken', reason });
    agent.refused('ctl', error);
    if (wait !== undefined) this.#later(agent, wait);
    else {
      agent.fail(`its tick broke ${agent.record.breaks} times: ${reason}`);
      this.#host.background(agent, this.#host.commit([agent.save()], agent.journals));
    }
  }

  #later(agent: Agent, ms: number): void {
    if (this.#stopped) return;
    this.#cancelTimer(agent);
    const cancel = this.#host.clock.timer(ms, () => {
      this.#timers.delete(agent);
      this.ready(agent);
    });
    this.#timers.set(agent, cancel);
  }

  #cancelTimer(agent: Agent): void {
    this.#timers.get(agent)?.();
    this.#timers.delete(agent);
  }
}
