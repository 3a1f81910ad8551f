import { Errno } from '../../kernel/errno.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { del, put, type Operation } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import type { Cursor } from '../cursor.ts';
import type { Effect } from '../effects.ts';
import type { Host } from '../host.ts';
import type { Message } from '../inbox.ts';
import { feedbackKey, jobKey } from '../keys.ts';
import { bodyOf } from '../message.ts';
import { originText } from '../origin.ts';
import { pack, unpack } from '../pack.ts';
import { interruption } from '../replies.ts';
import { Followers } from './followers.ts';
import { JobNames } from './names.ts';
import { isEnd, type JobBody, type JobEvent, type JobHead, type JobStatus } from './record.ts';
import { RunningJob } from './running.ts';

/** Jobs one tick forgets, and bytes of a feedback. */
const FORGOTTEN = 100;
export const FEEDBACK = 65_536;

/** How a job ends, or is put off. */
export type JobEnd = Partial<JobHead> & { readonly status: JobStatus; readonly result?: string | undefined };

/**
 * One message, one job, one answer: what each was asked, did and came to. A job that waits is its message in the inbox,
 * one that runs is in memory, one that ended is a value in the store; the oldest go by count and age.
 */
export class Jobs {
  readonly followers = new Followers();
  readonly names: JobNames;
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #running = new Map<number, RunningJob>();
  readonly #waiting = new Map<number, Message>();
  /** Cancelled while their tick had not come to them yet, with the reason. */
  readonly #doomed = new Map<number, string>();
  /** When the oldest one ended, as it was looked up last. */
  #oldest: { id: number; ended: number } | undefined;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
    this.names = new JobNames(host.store, agent.id);
  }

  /** Numbers of jobs: there is none before `first` any more, and none after `last` yet. */
  get range(): { first: number; last: number } {
    return (this.#agent.record.jobs ??= { first: 1, last: 0 });
  }

  /** The number of a message that is made. */
  allocate(): number {
    return ++this.range.last;
  }

  /** For the inbox: the message of a job waits from here to `left`. */
  waits(message: Message): void {
    this.#waiting.set(message.job, message);
    const { range } = this;
    range.last = Math.max(range.last, message.job);
  }

  left(message: Message): void {
    if (this.#waiting.get(message.job) === message) this.#waiting.delete(message.job);
  }

  running(): IterableIterator<RunningJob> {
    return this.#running.values();
  }

  /** Jobs that were begun and have not ended. */
  get open(): number {
    let open = this.#running.size;
    for (const { attempts, interrupted, job } of this.#waiting.values()) {
      if (attempts + interrupted > 0 && !this.#running.has(job)) open++;
    }
    return open;
  }

  /** Those that have not ended, oldest first. */
  unfinished(): number[] {
    return [...this.#waiting.keys()];
  }

  /** Those that may be there, oldest first; where storing one failed there is none. */
  *ids(): Generator<number> {
    const { first, last } = this.range;
    for (let id = first; id <= last; id++) yield id;
  }

  has(id: number): boolean {
    const { first, last } = this.range;
    if (!(id >= first && id <= last)) return false;
    return this.#waiting.has(id) || this.#stored(id) !== undefined;
  }

  /** What its status shows; undefined where there is none. */
  head(id: number): JobHead | undefined {
    const running = this.#running.get(id);
    if (running) return running.head;
    const stored = this.#stored(id);
    if (stored) {
      const head = unpack(stored).head as JobHead;
      // What was written while it ran is all there is of an attempt that came to no end.
      return head.status === 'running' ? { ...head, status: 'interrupted' } : head;
    }
    const message = this.#waiting.get(id);
    return message && this.#fresh(message);
  }

  body(id: number): JobBody | undefined {
    const running = this.#running.get(id);
    if (running) return running.body;
    const stored = this.#stored(id);
    if (stored) return JSON.parse(Buffer.from(unpack(stored).bytes).toString()) as JobBody;
    const message = this.#waiting.get(id);
    return message && this.#blank(message);
  }

  /** For a tick: it works on this message from here on. `tick` is its number. */
  begin(message: Message, tick: number, abort: AbortController): RunningJob {
    const id = message.job;
    const before = this.#stored(id);
    const head = before ? (unpack(before).head as JobHead) : this.#fresh(message);
    const body = before ? this.body(id)! : this.#blank(message);
    delete head.error;
    delete head.retry;
    head.status = 'running';
    head.started ??= timeText(this.#host.clock.now());
    head.attempts++;
    head.tick = tick;
    body.turns = [];
    const told = (record: object): void => this.followers.tell(id, record);
    const job = new RunningJob(message, head, body, abort, this.#host.clock, told);
    this.#running.set(id, job);
    const doomed = this.#doomed.get(id);
    if (doomed !== undefined) this.#abort(job, doomed);
    this.#doomed.delete(id);
    return job;
  }

  /** For the batch of the tick: what became of a job that ran. */
  end(job: RunningJob, { result, ...change }: JobEnd): Effect {
    const { id } = job;
    const { status, error, retry } = change;
    const ended = isEnd(status);
    const time = timeText(this.#host.clock.now());
    // What is shown stays as it is until this is on disk.
    const head = { ...job.head, ...change, ...(ended ? { ended: time } : {}) };
    const record = { time, type: status, ...(error ? { error } : {}), ...(retry === undefined ? {} : { retry }) };
    const events = [...job.body.events, record];
    const body = { ...job.body, ...(result === undefined ? {} : { result }), events };
    return {
      operations: [this.#write(head, body)],
      apply: () => {
        this.#running.delete(id);
        this.followers.tell(id, record);
        if (ended) this.followers.end(id);
      },
      revert: () => void this.#running.delete(id),
    };
  }

  /** What is known of a job that runs, on disk: for one that takes its time. */
  checkpoint(job: RunningJob): Operation {
    return this.#write(job.head, job.body);
  }

  /** For a batch: a job that does not run ends, or waits in another way than before. */
  mark(message: Message, change: JobEnd): Operation {
    const { job: id } = message;
    const stored = this.#stored(id);
    const head = { ...(stored ? (unpack(stored).head as JobHead) : this.#fresh(message)), ...change };
    const time = timeText(this.#host.clock.now());
    if (isEnd(change.status)) head.ended = time;
    const body = stored ? this.body(id)! : this.#blank(message);
    const record = { time, type: change.status, ...(change.error ? { error: change.error } : {}) };
    body.events.push(record);
    this.followers.tell(id, record);
    if (head.ended !== undefined) this.followers.end(id);
    return this.#write(head, body);
  }

  /** ENOENT; EINVAL for one that has ended. One that runs ends soon; one that waits has ended when this resolves. */
  async cancel(id: number, reason: string): Promise<void> {
    const running = this.#running.get(id);
    const message = this.#waiting.get(id);
    if (running) this.#abort(running, reason);
    else if (message && this.#agent.workingOn(message)) this.#doomed.set(id, reason);
    else if (message) await this.#agent.inbox.discard(message.name, new Errno('ECANCELED', reason));
    else if (this.has(id)) throw new Errno('EINVAL', `job ${id} has ended: ${this.head(id)!.status}`);
    else throw new Errno('ENOENT', `no job ${id}`);
  }

  /** Those that run; where none does, those that wait for another try. */
  async cancelAll(reason: string): Promise<void> {
    const begun = [...this.#waiting.values()].filter(({ attempts }) => attempts > 0).map(({ job }) => job);
    const taken = [...this.#waiting.values()].filter((message) => this.#agent.workingOn(message)).map(({ job }) => job);
    for (const id of taken.length > 0 ? taken : begun) await this.cancel(id, reason);
  }

  /**
   * Waits for its end: the text of the answer. What it failed with; ECANCELED; EINTR when the signal aborts; ESTALE
   * when it is forgotten, or the agent goes.
   */
  async result(id: number, signal: AbortSignal): Promise<string> {
    for (;;) {
      const found = this.ended(id);
      if (found !== undefined) return found;
      if (signal.aborted) throw interruption(signal);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          forget();
          resolve();
        };
        const forget = this.#agent.onChange(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }

  /** As `result`, without waiting: undefined while it has not ended. */
  ended(id: number): string | undefined {
    const head = this.#agent.gone ? undefined : this.head(id);
    if (!head) throw new Errno('ESTALE', `job ${id} is no longer there`);
    // Until its tick is on disk it has not ended, whatever is known in memory.
    if (this.#running.has(id) || !isEnd(head.status)) return undefined;
    if (head.status === 'done') return this.body(id)!.result ?? '';
    throw new Errno((head.error?.code ?? 'EIO') as 'EIO', head.error?.reason ?? 'it has no result');
  }

  /** What happened to it, over all its attempts. */
  events(id: number): readonly JobEvent[] {
    return this.body(id)?.events ?? [];
  }

  /** A reader of what happens to it, from its beginning to its end. ENOENT. */
  follow(id: number): Cursor {
    const body = this.body(id);
    if (!body) throw new Errno('ENOENT', `no job ${id}`);
    const turn = body.turns.at(-1);
    const said = turn && turn.ended === undefined && turn.text !== '';
    const partial = said ? [{ time: turn.started, type: 'text', turn: body.turns.length, text: turn.text }] : [];
    const over = !this.#running.has(id) && isEnd(this.head(id)!.status);
    return this.followers.follow(id, [...body.events, ...partial], over);
  }

  feedback(id: number): Uint8Array {
    return this.#host.store.get(feedbackKey(this.#agent.id, id)) ?? new Uint8Array(0);
  }

  /** What somebody says of a job: staged, and there when it is published. */
  async stageFeedback(id: number, bytes: Uint8Array): Promise<{ publish(): Promise<void>; drop(): Promise<void> }> {
    const { staging, store } = this.#host;
    if (bytes.length > FEEDBACK) throw new Errno('EFBIG', `feedback has at most ${FEEDBACK} bytes`);
    const key = await staging.put({ agent: this.#agent.id, kind: 'feedback', meta: { job: id } }, bytes);
    return {
      publish: () => this.recover(key, { job: id }, bytes),
      drop: () => store.batch([staging.end(key)]),
    };
  }

  /** Publishes feedback that was staged, also by an earlier run. */
  async recover(key: string, meta: object, bytes: Uint8Array): Promise<void> {
    const { job } = meta as { job: number };
    const kept = this.has(job) ? [put(feedbackKey(this.#agent.id, job), bytes)] : [];
    await this.#host.store.batch([...kept, this.#host.staging.end(key)]);
  }

  /** For the batch of a tick: the oldest that are too many or too old are forgotten. */
  trim(): Effect {
    const { id: agent, settings } = this.#agent;
    const { range } = this;
    const from = range.first;
    const operations: Operation[] = [];
    for (let n = 0; n < FORGOTTEN && this.#over(range.first, settings.limits); n++) {
      const id = range.first++;
      operations.push(del(jobKey(agent, id)), del(feedbackKey(agent, id)));
    }
    const names = this.names.trim(range.first);
    return {
      operations: [...operations, ...names.operations],
      revert: () => {
        range.first = from;
        names.revert?.();
      },
    };
  }

  #abort(running: RunningJob, reason: string): void {
    if (running.signal.aborted) return;
    const { record, trajectory } = this.#agent;
    const time = timeText(this.#host.clock.now());
    const told = { code: 'ECANCELED', reason, message: running.message.id };
    trajectory.append({ time, tick: record.tick, cause: 'cancel', type: 'abort', ...told });
    running.abort(new Errno('ECANCELED', reason));
  }

  #over(id: number, { jobs, jobs_age: age }: { jobs: number; jobs_age: number }): boolean {
    const { last } = this.range;
    if (id > last || this.#waiting.has(id)) return false;
    if (last - id >= jobs) return true;
    if (this.#oldest?.id !== id) {
      const stored = this.#stored(id);
      // Where there is nothing there is nothing to keep.
      if (!stored) return true;
      const { ended } = unpack(stored).head as JobHead;
      this.#oldest = { id, ended: ended === undefined ? Infinity : Date.parse(ended) };
    }
    return this.#oldest.ended + age <= this.#host.clock.now();
  }

  #stored(id: number): Uint8Array | undefined {
    return this.#host.store.get(jobKey(this.#agent.id, id));
  }

  #fresh({ job: id, jobName: name, id: message, origin, date, replays }: Message): JobHead {
    return {
      id,
      ...(name === undefined ? {} : { name }),
      status: 'queued',
      message,
      origin: originText(origin),
      ...(replays === undefined ? {} : { replays }),
      created: timeText(date),
      attempts: 0,
    };
  }

  #blank(message: Message): JobBody {
    const document = message.document ?? this.#agent.inbox.document(message.name);
    return { request: document ? bodyOf(Buffer.from(document).toString()) : '', turns: [], events: [] };
  }

  #write(head: JobHead, body: JobBody): Operation {
    return put(jobKey(this.#agent.id, head.id), pack(head, Buffer.from(JSON.stringify(body))));
  }
}
