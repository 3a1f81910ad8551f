import { Errno, type Code } from '../../kernel/errno.ts';
import { agent as agentSubject, observer, operator, type Subject } from '../../kernel/subject.ts';
import type { Perceived } from '../../drivers/model/model.ts';
import { Models } from '../../drivers/model/model.ts';
import type { Store } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import { Agents } from '../agents.ts';
import type { Origin } from '../origin.ts';
import { Ids } from '../ids.ts';
import type { RecordedMessage } from '../inbox.ts';
import { join } from '../parts.ts';
import type { SettingsRecord } from '../settings/record.ts';
import { shutdown } from '../shutdown.ts';
import { builtIn } from '../tools.ts';
import { ReplayClock } from './clock.ts';
import { Comparison, type Difference } from './compare.ts';
import { RecordedModel } from './model.ts';
import { ownOf } from './own.ts';
import { given, textsOf, type Recorded } from './recorded.ts';
import { idle, SlowStore } from './slow-store.ts';
import { recordedTools } from './tools.ts';

/** Ids of a replay are of another time, so that none is one of the recording. */
const CENTURY = 100 * 365 * 24 * 3_600_000;
/** Rounds of the event loop without a record after which timers run, and after which nothing more will come. */
const TIMERS = 3;
const STUCK = 2_000;
/** Rounds that a message the agent sent itself is waited for before it is given. */
const OWN = 6;

export interface Replayed {
  /** Of the recording, that were the same. */
  readonly records: number;
  readonly difference?: Difference;
}

export interface ReplayOptions {
  /** Empty; nothing of it is needed afterwards. */
  readonly store: Store;
  readonly progress?: (records: number) => void;
}

/**
 * Runs the agent of a recording again on a server of its own: it is given the same messages, tick requests, perceived
 * texts, turns of the model and commands, each when it was given them, at the times of the records; all else it does by
 * itself, and every record it writes is compared. Ends at the first difference.
 *
 * EINVAL when the recording does not begin with the definition of an agent; ENOTSUP when it holds what cannot be had again.
 */
export const replay = async (recording: readonly Recorded[], options: ReplayOptions): Promise<Replayed> => {
  const run = await Replay.begin(recording, options);
  try {
    return await run.toTheEnd();
  } finally {
    await run.close();
  }
};

class Replay {
  readonly #recording: readonly Recorded[];
  readonly #clock: ReplayClock;
  readonly #models: ReadonlyMap<string, RecordedModel>;
  readonly #comparison = new Comparison();
  /** Messages that come by themselves. */
  readonly #own: ReadonlySet<Recorded>;
  readonly #progress: (records: number) => void;
  readonly #agents: Agents;
  #agent!: Agent;
  #next = 0;
  /** The record that was given last. */
  #given = -1;
  #difference: Difference | undefined;
  /** Parts that came, until the last of them. */
  #parts: Recorded[] = [];

  private constructor(recording: readonly Recorded[], { progress }: ReplayOptions, parts: Parts) {
    this.#recording = recording;
    this.#own = ownOf(recording);
    this.#clock = parts.clock;
    this.#models = parts.models;
    this.#progress = progress ?? (() => undefined);
    this.#agents = parts.agents;
  }

  static async begin(all: readonly Recorded[], options: ReplayOptions): Promise<Replay> {
    const recording = all.filter((record) => !given(record));
    const first = recording[0];
    if (!first || all[0]!.seq !== 1 || first.cause !== 'define') {
      throw new Errno('EINVAL', `it begins with record ${all[0]?.seq ?? 'none'}, not with the definition of an agent`);
    }
    const clock = new ReplayClock(Date.parse(first.time));
    const models = new Map([[String(first['model']), new RecordedModel(String(first['model']), false)]]);
    for (const { type, model, real } of recording) {
      if (type === 'model' || (type === 'settings' && !models.has(String(model)))) {
        models.set(String(model), new RecordedModel(String(model), real === true));
      }
    }
    const [model, ...others] = models.values();
    const texts = textsOf(all);
    const coming = (): Iterable<Recorded> => run.#coming();
    const agents = await Agents.open({
      store: new SlowStore(options.store),
      clock,
      ids: new Ids({ now: () => clock.now() + CENTURY }),
      models: new Models(model!, ...others),
      tools: recordedTools(builtIn, recording, coming),
      schedules: false,
      perceive: async ({ message }) => {
        await idle();
        return perceivedNext(coming(), texts, message.id).map((perceived) => run.#comparison.translated(perceived));
      },
    });
    const run: Replay = new Replay(recording, options, { clock, models, agents });
    await run.#define(first);
    return run;
  }

  async #define(first: Recorded): Promise<void> {
    // Whom it told something must be there; they do nothing about it.
    for (const name of this.#told()) await (await this.#agents.define(name, operator)).pause(operator);
    this.#agent = await this.#agents.define(String(first['name']), subjectOf(first['by']), String(first['model']));
    // The jobs of messages it sends itself have numbers that none of those it is given has.
    const { range } = this.#agent.jobs;
    for (const { type, job } of this.#recording) if (type === 'message') range.last = Math.max(range.last, Number(job));
    const { journal } = this.#agent.trajectory;
    this.#take(await journal.read(0, journal.size));
    journal.subscribe((bytes) => this.#take(bytes));
  }

  #told(): Set<string> {
    const calls = this.#recording.filter(
      ({ type, name, failed }) => type === 'tool' && name === 'tell' && failed !== true,
    );
    const names = calls.map(({ input }) => String((input as { to?: unknown }).to));
    const here = new Set([this.#recording[0]!['name'], 'operator']);
    return new Set(names.filter((name) => !here.has(name) && /^[a-z][a-z0-9-]{0,31}$/.test(name)));
  }

  /** What is recorded from here on. */
  *#coming(): Generator<Recorded> {
    for (let at = this.#next; at < this.#recording.length; at++)
      yield this.#comparison.translated(this.#recording[at]!);
  }

  /** Records it wrote: each must be the next of the recording. */
  #take(bytes: Uint8Array): void {
    for (const line of Buffer.from(bytes).toString().split('\n')) {
      if (line === '') continue;
      const record = JSON.parse(line) as Recorded;
      if (record.type === 'part') {
        this.#parts.push(record);
        if (record['part'] !== record['parts']) continue;
        const [whole] = [...join(this.#parts)];
        this.#parts = [];
        this.#compare(whole!);
      } else this.#compare(record);
    }
  }

  #compare(got: Recorded): void {
    const expected = this.#recording[this.#next];
    // After the end of the recording it may go on as it likes.
    if (given(got) || this.#difference || !expected) return;
    this.#difference = this.#comparison.difference(expected, got);
    if (this.#difference) return;
    this.#next++;
    this.#progress(this.#next);
    const next = this.#recording[this.#next];
    if (!next) return;
    this.#clock.advance(Date.parse(next.time));
    if (next.type === 'message') queueMicrotask(() => this.#deliver());
  }

  /** Messages that are the next, before the agent goes on: it did so after them, be it in the same millisecond. */
  #deliver(): void {
    for (let next = -1; next < this.#next && !this.#difference;) {
      next = this.#next;
      const record = this.#recording[next];
      if (record?.type === 'message') this.#give(record, 0);
    }
  }

  async toTheEnd(): Promise<Replayed> {
    for (let rounds = 0; this.#next < this.#recording.length && !this.#difference;) {
      const before = this.#next;
      const expected = this.#recording[before]!;
      this.#give(expected, rounds);
      if (this.#next > before) {
        rounds = 0;
        continue;
      }
      await idle();
      rounds = this.#next > before ? 0 : rounds + 1;
      if (rounds > 0 && rounds % TIMERS === 0) this.#clock.fire();
      if (rounds > STUCK) this.#difference = { ...nothing, seq: expected.seq, expected: kindOf(expected) };
    }
    return { records: this.#next, ...(this.#difference ? { difference: this.#difference } : {}) };
  }

  async close(): Promise<void> {
    await this.#agents.close();
  }

  /** What does not come from the agent itself, once; what it does by itself comes without, in its time. */
  #give(record: Recorded, rounds: number): void {
    if (record.type === 'model') {
      const model = this.#models.get(String(record['model']))!;
      if (model.asked) model.answer(this.#comparison.translated(record));
      return;
    }
    const work = this.#given === this.#next ? undefined : this.#work(record, rounds);
    if (!work) return;
    this.#given = this.#next;
    // Its record is there at once, or soon; what follows goes on by itself. What is refused writes none.
    work().catch((error: unknown) => {
      const expected = this.#recording[this.#next];
      if (!expected) return;
      this.#difference ??= { ...nothing, seq: expected.seq, expected: kindOf(expected), got: (error as Error).message };
    });
  }

  /** What somebody did to the agent; undefined for what it did itself. */
  #work(record: Recorded, rounds: number): (() => Promise<unknown>) | undefined {
    const agent = this.#agent;
    const by = subjectOf(record['by']);
    switch (record.type) {
      case 'message': {
        const { id: _, ...from } = record['from'] as Origin & { id?: number };
        const recorded = this.#comparison.translated({ ...record, from }) as unknown as RecordedMessage;
        if (this.#own.has(record) && rounds < OWN) return undefined;
        // A dead letter comes in again, once the commit that made it one is through.
        const waits = agent.inbox.byId(recorded.message);
        return waits && waits.order !== recorded.order ? undefined : () => agent.inbox.restore(recorded);
      }
      case 'discarded': {
        const message = agent.inbox.byId(String(this.#comparison.translated(record)['message']));
        return message && (() => agent.inbox.discard(message.name));
      }
      case 'requested':
        return () => agent.tick(String(record['reason']), by);
      case 'abort': {
        const translated = this.#comparison.translated(record);
        const { code, reason, message } = translated as unknown as { code: Code; reason: string; message?: string };
        const job = [...agent.jobs.running()].find(({ message: { id } }) => id === message);
        if (job) return () => agent.jobs.cancel(job.id, reason);
        const stopped = code === shutdown.code && reason === shutdown.message;
        return async () => agent.abort(stopped ? shutdown : new Errno(code, reason));
      }
      case 'transition':
        // The commit of a tick that is over may still be under way.
        return record['by'] === 'system' || agent.state !== record['from'] ? undefined : this.#turn(record.cause, by);
      case 'renamed':
        return () => this.#agents.rename(String(record['from']), String(record['to']), by);
      case 'settings': {
        const recorded = this.#comparison.translated(record) as unknown as { model: string; settings: SettingsRecord };
        return () => agent.settings.restore(recorded, by);
      }
      case 'restore':
      case 'recovery':
      case 'broken': {
        const why = hopeless[record.type];
        throw new Errno('ENOTSUP', `record ${record.seq}: ${why}; the ${this.#next} records before are identical`);
      }
      default:
        return undefined;
    }
  }

  #turn(cause: string, by: Subject): (() => Promise<unknown>) | undefined {
    const agent = this.#agent;
    const turns: Readonly<Record<string, () => Promise<unknown>>> = {
      pause: () => agent.pause(by),
      resume: () => agent.resume(by),
      wake: () => agent.wake(by),
      hibernate: () => agent.hibernate('hibernate', by),
      archive: () => this.#agents.archive(agent.name, by),
    };
    return turns[cause];
  }
}

interface Parts {
  readonly clock: ReplayClock;
  readonly models: ReadonlyMap<string, RecordedModel>;
  readonly agents: Agents;
}

const nothing = { member: 'record', got: 'nothing' };
const hopeless = {
  recovery: 'the server died in a tick',
  broken: 'the disk refused a tick',
  restore: 'its state became that of a checkpoint',
} as const;

const kindOf = ({ type, phase }: Recorded): string => (typeof phase === 'string' ? `${type} ${phase}` : type);

const subjectOf = (by: unknown): Subject => {
  const name = /^agent:(.*)$/.exec(String(by))?.[1];
  return name === undefined ? (by === 'observer' ? observer : operator) : agentSubject(name);
};

/** What the next PERCEIVE lists. */
const perceivedNext = (coming: Iterable<Recorded>, texts: ReadonlyMap<string, Perceived>, id: string): Perceived[] => {
  for (const record of coming) {
    if (record['phase'] !== 'PERCEIVE') continue;
    const { texts: all, messages } = record as { texts?: string[]; messages?: { message: string; texts: string[] }[] };
    const digests = messages?.find(({ message }) => message === id)?.texts ?? all ?? [];
    return digests.flatMap((digest) => texts.get(digest) ?? []);
  }
  return [];
};
