import { timeText } from '../../drivers/clock/clock.ts';
import { del, put, within, type Operation } from '../../drivers/store/store.ts';
import { Errno } from '../../kernel/errno.ts';
import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';
import { dueKey, numberText, schedulePrefix } from '../keys.ts';
import { parseLine, type Timing } from './timing.ts';

/** What is stored of one. Times are milliseconds. */
interface Stored {
  /** As it stands in the settings. */
  readonly text: string;
  /** When it comes due; absent: never again. */
  next?: number | undefined;
  last?: number | undefined;
  /** It came due while the agent was paused or had failed, and waits for `resume`. */
  held?: true | undefined;
}

/** A line of `next`. */
export interface Coming {
  readonly name: string;
  /** Milliseconds; undefined: it is done. */
  readonly time: number | undefined;
  /** When it came due last. */
  readonly last: number | undefined;
}

/**
 * What an agent does at times. The texts are settings (`schedule/NAME`); here is when each comes due. The queue of all
 * agents' is `due.ts`.
 */
export class Schedules {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #stored = new Map<string, Stored>();
  readonly #timings = new Map<string, Timing>();

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  /** After the settings. */
  async load(): Promise<void> {
    const prefix = schedulePrefix(this.#agent.id);
    for await (const [key, value] of this.#host.store.range(within(prefix))) {
      this.#stored.set(key.slice(prefix.length), JSON.parse(Buffer.from(value).toString()) as Stored);
    }
  }

  /** For the server, once the agent is one of its own: what came back from the archive, or was copied, stands in no queue yet. */
  enqueue(): void {
    const { operations, done } = this.follow(this.#agent.settings.get().schedule);
    const missing = [...operations];
    for (const [name, stored] of this.#stored) {
      missing.push(...this.#queue(name, stored).filter(({ key }) => !this.#host.store.get(key)));
    }
    if (missing.length > 0) this.#host.background(this.#agent, this.#commit(missing).then(done));
  }

  /** Sorted. */
  names(): string[] {
    return [...this.#stored.keys()].sort();
  }

  /** The coming times, at most `each` of every schedule and `most` in all, soonest first; then those that are done. */
  coming(each = 3, most = 100): Coming[] {
    const coming: Coming[] = [];
    for (const [name, { next, last }] of this.#stored) {
      if (next === undefined) coming.push({ name, time: undefined, last });
      let time = next;
      for (let count = 0; count < each && time !== undefined; count++) {
        coming.push({ name, time, last });
        time = this.#timing(name).next(time, time);
      }
    }
    const at = ({ time }: Coming): number => time ?? Infinity;
    return coming.sort((a, b) => at(a) - at(b) || (a.name < b.name ? -1 : 1)).slice(0, most);
  }

  /**
   * The settings say something else now: for the batch that stores them. What says what it said goes on as it was: a
   * manifest that is applied again starts nothing anew.
   */
  follow(texts: ReadonlyMap<string, string>): { operations: Operation[]; done: () => void; revert: () => void } {
    const before = new Map([...this.#stored].filter(([name, { text }]) => texts.get(name) !== text));
    const added = [...texts].filter(([name, text]) => this.#stored.get(name)?.text !== text);
    const now = this.#host.clock.now();
    const operations: Operation[] = [];
    for (const [name, stored] of before) {
      operations.push(del(this.#key(name)), ...this.#unqueue(name, stored));
      this.#forget(name);
    }
    const made = added.map(([name, text]) => {
      const stored: Stored = { text, next: parseLine(text).timing.first(now) };
      this.#stored.set(name, stored);
      operations.push(this.#save(name, stored), ...this.#queue(name, stored));
      return { name, stored };
    });
    return {
      operations,
      done: () => {
        for (const { stored } of made) if (stored.next !== undefined) this.#host.due(stored.next);
      },
      revert: () => {
        for (const { name, stored } of made) if (this.#stored.get(name) === stored) this.#forget(name);
        for (const [name, stored] of before) if (!this.#stored.has(name)) this.#stored.set(name, stored);
      },
    };
  }

  /**
   * It came due: the message is in the inbox and the next time stands in one batch, so that neither is without the
   * other. However many times went by, it is one message. While the agent cannot work the schedule waits for it.
   */
  async fire(name: string, due: number): Promise<void> {
    const stored = this.#stored.get(name);
    const stale = del(dueKey({ time: due, agent: this.#agent.id, name }));
    if (stored?.next !== due || stored.held) {
      await this.#host.commit([stale], []);
      return;
    }
    const { state } = this.#agent.record;
    if (state === 'paused' || state === 'failed') {
      stored.held = true;
      await this.#undone(stored, { held: undefined }, [this.#save(name, stored), stale]);
      return;
    }
    const offered = this.#offer(name, stored, due);
    const { next, last } = stored;
    stored.last = due;
    stored.next = this.#timing(name).next(due, this.#host.clock.now());
    this.#event('schedule.due', { name, due: timeText(due), ...(offered ? { message: offered.id } : {}) });
    const operations = [...(offered?.operations ?? []), this.#save(name, stored), stale, ...this.#queue(name, stored)];
    try {
      await this.#undone(stored, { next, last }, operations);
    } catch (error) {
      offered?.revert();
      throw error;
    }
    offered?.apply();
  }

  /** For the batch of `resume`: what came due meanwhile stands in the queue again, and fires at once. */
  resumed(): { operations: Operation[]; apply: () => void } {
    const operations: Operation[] = [];
    for (const [name, stored] of this.#stored) {
      if (!stored.held) continue;
      delete stored.held;
      operations.push(this.#save(name, stored), ...this.#queue(name, stored));
    }
    return { operations, apply: () => (operations.length > 0 ? this.#host.due(this.#host.clock.now()) : undefined) };
  }

  /** The message of one due time: its id can be given only once. Undefined where it cannot be taken, which is told. */
  #offer(
    name: string,
    { text }: Stored,
    due: number,
  ): ({ id: string } & ReturnType<Agent['inbox']['offer']>) | undefined {
    const id = `s${numberText(this.#agent.id)}-${name}-${due}`;
    const by = this.#agent.settings.authorOf(name);
    const bytes = Buffer.from(`Subject: schedule/${name}\nId: ${id}\n\n${parseLine(text).message}`);
    try {
      return { id, ...this.#agent.inbox.offer(bytes, { origin: { tier: 'schedule', name, by } }) };
    } catch (error) {
      this.#agent.refused(`schedule/${name}`, error);
      return undefined;
    }
  }

  /** Commits; when that fails, what is in memory is as it was. */
  async #undone(stored: Stored, before: Partial<Stored>, operations: readonly Operation[]): Promise<void> {
    try {
      await this.#host.commit(operations, this.#agent.journals);
    } catch (error) {
      Object.assign(stored, before);
      throw error;
    }
  }

  async #commit(operations: readonly Operation[]): Promise<void> {
    await this.#host.commit(operations, this.#agent.journals);
    this.#host.due(this.#host.clock.now());
  }

  #timing(name: string): Timing {
    let timing = this.#timings.get(name);
    if (!timing) this.#timings.set(name, (timing = parseLine(this.#find(name).text).timing));
    return timing;
  }

  #find(name: string): Stored {
    const stored = this.#stored.get(name);
    if (!stored) throw new Errno('ENOENT', `no schedule '${name}'`);
    return stored;
  }

  #forget(name: string): void {
    this.#stored.delete(name);
    this.#timings.delete(name);
  }

  #key(name: string): string {
    return schedulePrefix(this.#agent.id) + name;
  }

  #save(name: string, stored: Stored): Operation {
    return put(this.#key(name), Buffer.from(JSON.stringify(stored)));
  }

  #queue(name: string, { next, held }: Stored): Operation[] {
    if (next === undefined || held) return [];
    return [put(dueKey({ time: next, agent: this.#agent.id, name }), Buffer.alloc(0))];
  }

  #unqueue(name: string, { next }: Stored): Operation[] {
    return next === undefined ? [] : [del(dueKey({ time: next, agent: this.#agent.id, name }))];
  }

  #event(type: string, fields: object): void {
    this.#host.event(type, this.#agent.name, fields);
  }
}
