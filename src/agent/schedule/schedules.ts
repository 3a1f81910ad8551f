import { timeText } from '../../drivers/clock/clock.ts';
import { del, put, within, type Operation } from '../../drivers/store/store.ts';
import { Errno } from '../../kernel/errno.ts';
import { userName } from '../../kernel/name.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';
import { dueKey, numberText, schedulePrefix } from '../keys.ts';
import { Stages, type Act, type StagedDocument } from '../stages.ts';
import { decode } from '../text.ts';
import { parseLine, type Timing } from './timing.ts';

/** Schedules of an agent, those that are done included; bytes of one. */
const MANY = 100;
export const SCHEDULE = 65_536;

/** What is stored of one. Times are milliseconds. */
interface Stored {
  readonly text: string;
  /** Who wrote it: what it makes is believed as much as they are. */
  readonly by: Subject;
  readonly written: number;
  /** When it comes due; absent: never again. */
  next?: number | undefined;
  last?: number | undefined;
  /** It came due while the agent was paused or had failed, and waits for `resume`. */
  held?: true | undefined;
}

interface Meta {
  readonly name: string;
  readonly by: Subject;
}

export type ScheduleStage = StagedDocument<Meta>;

/** A line of `next`. */
export interface Coming {
  readonly name: string;
  /** Milliseconds; undefined: it is done. */
  readonly time: number | undefined;
  /** When it came due last. */
  readonly last: number | undefined;
}

/** What an agent does at times: texts by name, and when each comes due. The queue of all agents' is `due.ts`. */
export class Schedules {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #stored = new Map<string, Stored>();
  readonly #timings = new Map<string, Timing>();
  readonly #stages: Stages<Meta>;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
    this.#stages = new Stages<Meta>(agent, host, {
      kind: 'schedule',
      path: 'schedule',
      check: ({ name }, bytes) => {
        this.#check(name, bytes);
        return undefined;
      },
      act: ({ name, by }, bytes) => this.#act(name, decode(bytes), by),
    });
  }

  async load(): Promise<void> {
    const prefix = schedulePrefix(this.#agent.id);
    const missing: Operation[] = [];
    let soonest = Infinity;
    for await (const [key, value] of this.#host.store.range(within(prefix))) {
      const name = key.slice(prefix.length);
      const stored = JSON.parse(Buffer.from(value).toString()) as Stored;
      this.#stored.set(name, stored);
      // What came back from the archive, or was copied, stands in no queue yet.
      for (const operation of this.#queue(name, stored)) {
        if (this.#host.store.get(operation.key)) continue;
        missing.push(operation);
        soonest = Math.min(soonest, stored.next!);
      }
    }
    if (missing.length > 0) this.#host.background(this.#agent, this.#commit(missing, soonest));
  }

  /** Sorted. */
  names(): string[] {
    return [...this.#stored.keys()].sort();
  }

  /** What was written; undefined where there is none. */
  text(name: string): string | undefined {
    return this.#stored.get(name)?.text;
  }

  /** Milliseconds. */
  written(name: string): number | undefined {
    return this.#stored.get(name)?.written;
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

  /** Validates and makes durable, without effect. EINVAL, with what is wrong; EFBIG; ENOSPC. */
  stage(name: string, bytes: Uint8Array, by: Subject): Promise<ScheduleStage> {
    return this.#stages.stage({ name, by }, bytes);
  }

  discardStage(stage: ScheduleStage): Promise<void> {
    return this.#stages.discard(stage);
  }

  /** It counts from when this returns; the disk follows. */
  publish(stage: ScheduleStage): void {
    this.#stages.publish(stage);
  }

  /** Stage and publish in one: resolves when it is on disk. */
  write(name: string, bytes: Uint8Array, by: Subject): Promise<void> {
    return this.#stages.write({ name, by }, bytes);
  }

  recover(key: string, meta: object, bytes: Uint8Array): Promise<void> {
    return this.#stages.recover(key, meta, bytes);
  }

  /** ENOENT. */
  async remove(name: string): Promise<void> {
    const stored = this.#find(name);
    this.#forget(name);
    this.#tell(name, 'removed');
    await this.#host.commit([del(this.#key(name)), ...this.#unqueue(name, stored)], this.#agent.journals);
  }

  /** What stood under the new name goes. ENOENT, EINVAL. */
  async rename(from: string, to: string): Promise<void> {
    const stored = this.#find(from);
    if (from === to) return;
    this.#assertName(to);
    const replaced = this.#stored.get(to);
    this.#forget(from);
    this.#forget(to);
    this.#stored.set(to, stored);
    this.#tell(from, 'removed');
    this.#tell(to, 'changed');
    const operations = [
      del(this.#key(from)),
      ...this.#unqueue(from, stored),
      ...(replaced ? this.#unqueue(to, replaced) : []),
      this.#save(to, stored),
      ...this.#queue(to, stored),
    ];
    await this.#commit(operations, stored.next ?? Infinity);
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

  #check(name: string, bytes: Uint8Array): void {
    this.#assertName(name);
    if (bytes.length > SCHEDULE) throw new Errno('EFBIG', `a schedule has at most ${SCHEDULE} bytes`);
    parseLine(decode(bytes)).timing.first(this.#host.clock.now());
    if (!this.#stored.has(name) && this.#stored.size >= MANY && this.#oldestDone() === undefined) {
      throw new Errno('ENOSPC', `an agent has at most ${MANY} schedules`);
    }
  }

  #act(name: string, text: string, by: Subject): Act {
    const old = this.#stored.get(name);
    // Written once more as it is, it goes on as it was: a manifest that is applied again starts nothing anew.
    if (old?.text === text && nameOf(old.by) === nameOf(by)) return { operations: [] };
    const operations: Operation[] = old ? this.#unqueue(name, old) : [];
    const dropped = !old && this.#stored.size >= MANY ? this.#oldestDone() : undefined;
    if (dropped !== undefined) {
      this.#forget(dropped);
      this.#tell(dropped, 'removed');
      operations.push(del(this.#key(dropped)));
    }
    const now = this.#host.clock.now();
    const stored: Stored = { text, by, written: now, next: parseLine(text).timing.first(now) };
    this.#timings.delete(name);
    this.#stored.set(name, stored);
    this.#tell(name, old ? 'changed' : 'added');
    this.#event('schedule.written', { name, by: nameOf(by), next: timeText(stored.next!) });
    operations.push(this.#save(name, stored), ...this.#queue(name, stored));
    return { operations, done: () => this.#host.due(stored.next!) };
  }

  /** The message of one due time: its id can be given only once. Undefined where it cannot be taken, which is told. */
  #offer(
    name: string,
    { text, by }: Stored,
    due: number,
  ): ({ id: string } & ReturnType<Agent['inbox']['offer']>) | undefined {
    const id = `s${numberText(this.#agent.id)}-${name}-${due}`;
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

  async #commit(operations: readonly Operation[], next: number): Promise<void> {
    await this.#host.commit(operations, this.#agent.journals);
    if (next < Infinity) this.#host.due(next);
  }

  #timing(name: string): Timing {
    let timing = this.#timings.get(name);
    if (!timing) this.#timings.set(name, (timing = parseLine(this.#find(name).text).timing));
    return timing;
  }

  #oldestDone(): string | undefined {
    const done = [...this.#stored].filter(([, { next }]) => next === undefined);
    return done.sort(([, a], [, b]) => (a.last ?? 0) - (b.last ?? 0))[0]?.[0];
  }

  #assertName(name: string): void {
    if (userName.test(name) && name !== 'next') return;
    throw new Errno('EINVAL', `'${name}' cannot name a schedule: letters, digits, '.', '_', '-', at most 100`);
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

  #tell(name: string, change: 'added' | 'changed' | 'removed'): void {
    this.#host.emit({ type: 'schedule', change, agent: this.#agent, name });
  }

  #event(type: string, fields: object): void {
    this.#host.event(type, this.#agent.name, fields);
  }
}
