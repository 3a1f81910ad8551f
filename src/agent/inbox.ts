import { hash } from 'node:crypto';
import { Errno } from '../kernel/errno.ts';
import { userName } from '../kernel/name.ts';
import { timeText } from '../drivers/clock/clock.ts';
import { del, put, within, type Operation } from '../drivers/store/store.ts';
import type { Agent } from './agent.ts';
import { Effects, type Effect } from './effects.ts';
import type { Host } from './host.ts';
import { timeOf } from './ids.ts';
import { expireKey, inboxPrefix, pendingKey, usedIdKey, usedNameKey } from './keys.ts';
import { parse, stamp, type Draft } from './message.ts';
import { bare, originText, senderOf, type Origin } from './origin.ts';
import { pack, unpack } from './pack.ts';
import { decode } from './text.ts';

/** Bytes of one message, how long what was taken is a key and how long it can still be opened. */
export const MESSAGE = 256 * 1024;
const NAME_KEY = 10 * 60_000;
const ID_KEY = 24 * 3_600_000;
const OPENABLE = 60_000;
/** Messages of which that can be done, and their bytes. */
const OPENABLES = 1_000;
const OPENABLE_BYTES = 4 * 1024 * 1024;
/** A message of up to so many bytes stays in memory while it waits. */
const SMALL = 1_024;

/** What is stored of a message besides its text. */
interface Head {
  readonly id: string;
  readonly name: string;
  /** True when the client chose the name, which is then a key. */
  readonly named: boolean;
  /** The client's own `Id:`, a key. */
  readonly key?: string;
  readonly origin: Origin;
  /** The number of its job, and that job's name where it was made under one. */
  readonly job: number;
  readonly jobName?: string;
  /** It was a dead letter, of this order and this job. */
  readonly letter?: string;
  readonly replays?: number;
  readonly date: number;
  readonly mtime: string;
  readonly subject?: string;
  readonly inReplyTo?: string;
  readonly expires?: number;
  /** SHA-256 of what the client wrote. */
  readonly hash: string;
  readonly size: number;
  attempts: number;
  /** Milliseconds; it is not tried before. */
  notBefore: number;
  /** Times the server died while a tick worked on it. */
  interrupted: number;
  /** Its record is in the trajectory. */
  recorded?: boolean;
}

/** A message that waits or is being worked on. Its `order` is the id the server made; `id` is the client's own where it gave one. */
export interface Message extends Head {
  readonly order: string;
  /** Text that is not yet under its own key, and the stage that stands for it. */
  document?: Uint8Array | undefined;
  stage?: string | undefined;
}

/** A record `message` of the trajectory. */
export interface RecordedMessage {
  readonly message: string;
  readonly order: string;
  readonly name: string;
  readonly named: boolean;
  readonly key?: string;
  readonly from: Origin;
  readonly date: number;
  readonly subject?: string;
  readonly in_reply_to?: string;
  readonly expires?: number;
  readonly job: number;
  readonly job_name?: string;
  readonly document: string;
}

export interface AcceptOptions {
  readonly origin: Origin;
  /** Absent: the server makes one. */
  readonly name?: string | undefined;
  /** All of it is body. */
  readonly plain?: boolean;
  /** The name of a job this is the request of. */
  readonly job?: string | undefined;
}

/** A message that was validated. It counts as pending, and acts when it is published. */
export interface InboxStage {
  readonly options: AcceptOptions;
  readonly draft: Draft;
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** The key in the store; undefined while it is not durable. */
  key?: string | undefined;
  /** The id of the message that is there already with the same key and content. */
  readonly duplicate?: string | undefined;
  state: 'staged' | 'published' | 'discarded';
  message?: Message | undefined;
}

interface Used {
  readonly hash: string;
  readonly id: string;
  readonly until: number;
}

export class Inbox {
  readonly #agent: Agent;
  readonly #host: Host;
  /** By name, in the order of publishing. */
  readonly #messages = new Map<string, Message>();
  readonly #ids = new Map<string, Message>();
  /** A crash may come between the commit of a sender and that of the receiver's trajectory. */
  readonly #unrecorded = new Set<Message>();
  readonly #staged = new Set<InboxStage>();
  /** On their way out, to make room. */
  readonly #dropping = new Set<Message>();
  readonly #consumed = new Map<string, { document: Uint8Array; message: Message; until: number }>();
  #consumedBytes = 0;
  /** Messages that go with the commit under way. */
  #leaving = 0;
  /** Messages that are in somebody's batch and show when it is committed. */
  #coming = 0;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  async load(): Promise<void> {
    const prefix = inboxPrefix(this.#agent.id);
    for await (const [key, value] of this.#host.store.range(within(prefix))) {
      const message = { ...(unpack(value).head as Head), order: key.slice(prefix.length) };
      this.#insert(message);
      if (!message.recorded) this.#unrecorded.add(message);
    }
  }

  /** Messages that wait, the one in work included. */
  get size(): number {
    return this.#messages.size;
  }

  /** Documents that are validated and not closed yet. */
  get staged(): number {
    return this.#staged.size;
  }

  /** In the order of publishing. */
  list(): IterableIterator<Message> {
    return this.#messages.values();
  }

  get(name: string): Message | undefined {
    return this.#messages.get(name);
  }

  byId(id: string): Message | undefined {
    return this.#ids.get(id);
  }

  /** The stamped document of a message that waits, or was taken in the last 60 s (copy tools look after closing). */
  document(name: string): Uint8Array | undefined {
    const message = this.#messages.get(name);
    if (message) return this.#document(message);
    const consumed = this.#consumed.get(name);
    return consumed && consumed.until > this.#host.clock.now() ? consumed.document : undefined;
  }

  /** A message that was taken in the last 60 s: not listed, still there for whoever knows its name. */
  consumed(name: string): Message | undefined {
    const consumed = this.#consumed.get(name);
    return consumed && consumed.until > this.#host.clock.now() ? consumed.message : undefined;
  }

  /** EINVAL for what cannot name a message. */
  assertName(name: string): void {
    if (userName.test(name)) return;
    throw new Errno('EINVAL', `'${name}' cannot name a message: letters, digits, '.', '_', '-', at most 100`);
  }

  /** ENOSPC when the inbox is full and refuses more. Of a name that stands for a message already there is no second one. */
  assertRoom(name?: string): void {
    const { inbox: most, overflow } = this.#agent.settings.limits;
    if (overflow !== 'reject' || this.#messages.size + this.#staged.size < most) return;
    if (name !== undefined && (this.#messages.has(name) || this.#used(usedNameKey(this.#agent.id, name)))) return;
    throw new Errno('ENOSPC', `the inbox is full: ${most} messages wait`);
  }

  /**
   * Validates what was written so far and makes it durable. With `previous`, the stage it takes the place of; that one
   * is gone also when this fails. EFBIG, EINVAL, ENOSPC when the inbox is full, EEXIST when the name or `Id:` stands
   * for another content.
   */
  async stage(bytes: Uint8Array, options: AcceptOptions, previous?: InboxStage): Promise<InboxStage> {
    const old = previous?.state === 'staged' ? previous : undefined;
    let stage: InboxStage;
    try {
      if (old) this.#staged.delete(old);
      stage = this.#reserve(bytes, options);
    } catch (error) {
      if (old) await this.discardStage(old);
      throw error;
    }
    try {
      if (old) old.state = 'discarded';
      if (stage.duplicate === undefined) {
        const target = { agent: this.#agent.id, kind: 'inbox', meta: options };
        stage.key = await this.#host.staging.put(target, bytes, old?.key);
      } else if (old?.key !== undefined) await this.#host.store.batch([this.#host.staging.end(old.key)]);
    } catch (error) {
      // The last stage decides, so what was staged before must not be published either.
      stage.key ??= old?.key;
      this.#abandon(stage);
      throw error;
    }
    return stage;
  }

  /** The stage will not be published. */
  async discardStage(stage: InboxStage): Promise<void> {
    if (stage.state !== 'staged') return;
    this.#drop(stage);
    if (stage.key !== undefined) await this.#host.store.batch([this.#host.staging.end(stage.key)]);
  }

  /**
   * The message is there when this returns; what is on disk follows by itself (the stage stands for it meanwhile).
   * Returns its id, also when it was there already. ESTALE when the agent is gone; EEXIST when the name was taken
   * by another content since the stage.
   */
  publish(stage: InboxStage): string {
    const { id, committed } = this.#publish(stage);
    if (committed) this.#host.background(this.#agent, committed);
    return id;
  }

  /** Stage and publish in one: resolves with the id when it is on disk. */
  async accept(bytes: Uint8Array, options: AcceptOptions): Promise<string> {
    const { id, committed } = this.submit(bytes, options);
    await committed;
    return id;
  }

  /** As `accept`, with the id at once; it is acknowledged when `committed` resolves. */
  submit(bytes: Uint8Array, options: AcceptOptions): { id: string; committed?: Promise<void> } {
    return this.#publish(this.#reserve(bytes, options));
  }

  /** A stage an earlier run left. Where its effect is there already, or can no longer be, only the stage goes. */
  async recover(key: string, meta: object, bytes: Uint8Array): Promise<void> {
    try {
      const stage = this.#reserve(bytes, meta as AcceptOptions);
      stage.key = key;
      if (stage.duplicate === undefined) {
        await this.#publish(stage).committed;
        return;
      }
    } catch (error) {
      this.#agent.refused('inbox', error);
    }
    await this.#host.store.batch([this.#host.staging.end(key)]);
  }

  /**
   * Room for one message more, which counts as pending until `release`. What is offered right after it has it. Refuses as
   * `accept` does.
   */
  reserve(bytes: Uint8Array, options: AcceptOptions): () => void {
    const stage = this.#reserve(bytes, options);
    return () => {
      if (stage.state === 'staged') this.#drop(stage);
    };
  }

  /** As `accept`, in somebody else's batch: `apply` when it is committed, `revert` when it is not. */
  offer(bytes: Uint8Array, options: AcceptOptions): { operations: Operation[]; apply: () => void; revert: () => void } {
    const stage = this.#reserve(bytes, options);
    if (stage.duplicate !== undefined) return { operations: [], apply: () => undefined, revert: () => undefined };
    const message = this.#make(stage);
    const { taken, effects } = this.#room(message);
    const room = effects.prepare();
    if (taken) this.#coming++;
    return {
      operations: [...(taken ? [this.#write(message), this.#mark()] : []), ...room],
      apply: () => {
        if (taken) this.#coming--;
        if (taken) this.#show(stage, message);
        else this.#shown(stage, message);
        effects.apply();
        if (message.size > SMALL) message.document = undefined;
        const { journal } = this.#agent.trajectory;
        this.#host.background(this.#agent, this.#host.commit([], [journal], { sync: false }));
      },
      revert: () => {
        if (taken) this.#coming--;
        effects.revert();
        this.#drop(stage);
      },
    };
  }

  /** Takes a message out that waits; its job ends `cancelled`. ENOENT; EBUSY while a tick works on it. Its name is free at once. */
  async discard(name: string, why = new Errno('ECANCELED', 'the message was discarded')): Promise<void> {
    const message = this.#messages.get(name);
    if (!message || this.#dropping.has(message)) throw new Errno('ENOENT', `no message '${name}' waits`);
    if (this.#agent.workingOn(message)) throw new Errno('EBUSY', `a tick works on '${name}'`);
    const error = { code: why.code, reason: why.message };
    const operations = [...this.#delete(message), this.#agent.jobs.mark(message, { status: 'cancelled', error })];
    this.#remove(message);
    this.#note('discarded', { message: message.id });
    this.#host.event('message.discarded', this.#agent.name, { id: message.id, job: message.job });
    const { jobs } = this.#agent;
    // Its name is free at once; its job is there until how it ended is.
    jobs.waits(message);
    try {
      await this.#host.commit([...operations, this.#agent.save()], [this.#agent.trajectory.journal]);
    } finally {
      jobs.left(message);
    }
    this.#agent.replies.reject(message.id, why);
    this.#agent.changed();
    // Those of its origin that it held back may go on.
    this.#host.ready(this.#agent);
  }

  /**
   * A dead letter's message, again: itself, behind those that wait, by a new job, and not expired. As an effect of a
   * batch. ENOSPC; EEXIST while a message of its id waits.
   */
  requeue(letter: Message, document: Uint8Array): Effect {
    this.assertRoom();
    if (this.#ids.has(letter.id)) throw new Errno('EEXIST', `a message '${letter.id}' waits`);
    const { expires: _, order, job, stage: __, recorded: ___, ...rest } = letter;
    const made = this.#order();
    const message: Message = {
      ...rest,
      order: made,
      name: this.#free(letter.name) ? letter.name : made,
      job: this.#agent.jobs.allocate(),
      letter: order,
      replays: job,
      attempts: 0,
      notBefore: 0,
      interrupted: 0,
      document,
    };
    this.#coming++;
    return {
      operations: [this.#write(message), this.#mark()],
      apply: () => {
        this.#coming--;
        this.#arrived(message);
      },
      revert: () => {
        this.#coming--;
      },
    };
  }

  /** The message that was this dead letter, while it waits. */
  ofLetter(order: string): Message | undefined {
    for (const message of this.#messages.values()) if (message.letter === order) return message;
    return undefined;
  }

  /**
   * The message a tick may take now: the oldest of those that are due, but none before an older one of its origin.
   * Else the time at which there may be one.
   */
  next(now: number): { message?: Message; due?: number } {
    let due: number | undefined;
    let held: Set<string> | undefined;
    for (const message of this.#messages.values()) {
      if (this.#dropping.has(message) || held?.has(senderOf(message.origin))) continue;
      if (message.notBefore <= now) return { message };
      (held ??= new Set()).add(senderOf(message.origin));
      due = Math.min(due ?? Infinity, message.notBefore);
    }
    return due === undefined ? {} : { due };
  }

  /** The messages a tick may take now, in order, at most so many. */
  due(now: number, most: number): Message[] {
    const due: Message[] = [];
    const held = new Set<string>();
    for (const message of this.#messages.values()) {
      if (due.length >= most) break;
      const origin = senderOf(message.origin);
      if (this.#dropping.has(message) || held.has(origin)) continue;
      if (message.notBefore <= now) due.push(message);
      else held.add(origin);
    }
    return due;
  }

  /** The effect of a tick that is done with a message: it is gone, and its keys are remembered. `apply` after the commit. */
  consume(message: Message): { operations: Operation[]; apply: () => void; revert: () => void } {
    const now = this.#host.clock.now();
    const document = this.#document(message);
    const operations = this.#delete(message);
    const remember = (key: string, until: number): void => {
      const used: Used = { hash: message.hash, id: message.id, until };
      operations.push(put(key, Buffer.from(JSON.stringify(used))), put(expireKey(until, key), Buffer.alloc(0)));
    };
    if (message.named) remember(usedNameKey(this.#agent.id, message.name), now + NAME_KEY);
    if (message.key !== undefined) remember(usedIdKey(this.#agent.id, hash('sha256', message.key)), now + ID_KEY);
    // One that was never let in, because there was no room, does not leave either.
    const inside = this.#messages.get(message.name) === message;
    if (inside) this.#leaving++;
    return {
      operations,
      revert: () => {
        if (inside) this.#leaving--;
      },
      apply: () => {
        this.#keepOpenable(message, document, now);
        if (!inside) return;
        this.#leaving--;
        this.#remove(message);
      },
    };
  }

  /** A message that failed and will be tried again. */
  postpone(message: Message, change: Partial<Pick<Head, 'attempts' | 'notBefore' | 'interrupted'>>): Operation {
    Object.assign(message, change);
    return this.#write(message);
  }

  /** What the agent reads. */
  #document(message: Message): Uint8Array {
    if (message.document) return message.document;
    const value = this.#host.store.get(inboxPrefix(this.#agent.id) + message.order);
    if (!value) throw new Errno('EIO', `the text of message ${message.id} is not in the store`);
    return unpack(value).bytes;
  }

  #reserve(bytes: Uint8Array, options: AcceptOptions): InboxStage {
    if (this.#agent.gone) throw new Errno('ESTALE', `the agent '${this.#agent.name}' is gone`);
    if (bytes.length > MESSAGE) throw new Errno('EFBIG', `a message has at most ${MESSAGE} bytes`);
    if (options.name !== undefined) this.assertName(options.name);
    const text = decode(bytes);
    if (options.job !== undefined) this.#agent.jobs.names.assertDraft(options.job);
    const draft = options.plain === true ? { headers: {}, claimed: {}, body: text } : parse(text);
    const digest = hash('sha256', bytes);
    const duplicate = this.#duplicate(options.name, draft.headers.Id, digest);
    if (duplicate === undefined) this.assertRoom();
    const stage: InboxStage = { options, draft, hash: digest, bytes, duplicate, state: 'staged' };
    if (duplicate === undefined) this.#staged.add(stage);
    return stage;
  }

  /** The id of the message that has this name or Id and this content already; EEXIST where the content differs. */
  #duplicate(name: string | undefined, key: string | undefined, digest: string): string | undefined {
    const same = (what: string, other: { hash: string; id: string } | undefined): string | undefined => {
      if (other && other.hash !== digest) throw new Errno('EEXIST', `${what} stands for another content`);
      return other?.id;
    };
    let found: string | undefined;
    if (name !== undefined) {
      const other = this.#messages.get(name) ?? this.#used(usedNameKey(this.#agent.id, name));
      found = same(`the name '${name}'`, other);
    }
    if (key !== undefined) {
      const other = this.#ids.get(key) ?? this.#used(usedIdKey(this.#agent.id, hash('sha256', key)));
      found = same(`the Id '${key}'`, other) ?? found;
    }
    if (found === undefined) {
      // Somebody else's that is not closed yet may still be given up, so the same content there is no duplicate yet.
      for (const stage of this.#staged) {
        if (stage.hash === digest) continue;
        if (name !== undefined && stage.options.name === name) same(`the name '${name}'`, { hash: stage.hash, id: '' });
        if (key !== undefined && stage.draft.headers.Id === key) same(`the Id '${key}'`, { hash: stage.hash, id: '' });
      }
    }
    return found;
  }

  #used(key: string): Used | undefined {
    const value = this.#host.store.get(key);
    const used = value && (JSON.parse(Buffer.from(value).toString()) as Used);
    return used && used.until > this.#host.clock.now() ? used : undefined;
  }

  #publish(stage: InboxStage): { id: string; committed?: Promise<void> } {
    if (stage.duplicate !== undefined) return { id: stage.duplicate };
    if (stage.message) return { id: stage.message.id };
    if (stage.state === 'discarded') throw new Errno('EINVAL', 'this stage was given up');
    try {
      if (this.#agent.gone) throw new Errno('ESTALE', `the agent '${this.#agent.name}' is gone`);
      if (stage.options.job !== undefined) this.#agent.jobs.names.assertDraft(stage.options.job);
      const duplicate = this.#duplicate(stage.options.name, stage.draft.headers.Id, stage.hash);
      if (duplicate !== undefined) {
        this.#abandon(stage);
        return { id: duplicate };
      }
    } catch (error) {
      this.#abandon(stage);
      throw error;
    }
    const message = this.#make(stage);
    const { taken, effects } = this.#room(message);
    if (message.jobName !== undefined) effects.push(this.#agent.jobs.names.claim(message.jobName, message.job));
    if (taken) this.#show(stage, message);
    else this.#shown(stage, message);
    const operations = taken ? [this.#write(message), this.#mark(), ...effects.prepare()] : effects.prepare();
    if (stage.key !== undefined) operations.push(this.#host.staging.end(stage.key));
    const committed = this.#host.commit(operations, [this.#agent.trajectory.journal]).then(
      () => {
        effects.apply();
        if (message.size > SMALL) message.document = undefined;
        message.stage = undefined;
      },
      (error: unknown) => {
        effects.revert();
        // With a stage the message is safe and acts as if nothing had happened; without, its sender is told it is not there.
        if (stage.key === undefined && !this.#agent.workingOn(message)) {
          this.#remove(message);
          this.#note('discarded', { message: message.id });
        }
        throw error;
      },
    );
    return { id: message.id, committed };
  }

  /** Whether a message can be taken, and what else happens with that: the oldest goes, or this one is a dead letter. */
  #room(message: Message): { taken: boolean; effects: Effects } {
    const agent = this.#agent;
    const { inbox: most, overflow } = agent.settings.limits;
    const effects = new Effects();
    if (overflow === 'reject' || this.#messages.size - this.#dropping.size < most) return { taken: true, effects };
    const full = new Errno('ENOSPC', `the inbox was full: ${most} messages waited`);
    const error = { code: full.code, reason: full.message };
    if (overflow === 'deadletter') {
      effects.push(...agent.dead.bury(message, full), {
        operations: [agent.jobs.mark(message, { status: 'failed', error }), agent.save()],
        apply: () => agent.replies.reject(message.id, full),
      });
      return { taken: false, effects };
    }
    const oldest = [...this.#messages.values()].find((one) => !agent.workingOn(one) && !this.#dropping.has(one));
    if (!oldest) return { taken: true, effects };
    this.#dropping.add(oldest);
    effects.push({
      operations: [...this.#delete(oldest), agent.jobs.mark(oldest, { status: 'dropped', error }), agent.save()],
      apply: () => {
        this.#dropping.delete(oldest);
        this.#remove(oldest);
        this.#host.event('message.dropped', agent.name, { id: oldest.id, job: oldest.job });
        agent.replies.reject(oldest.id, full);
        agent.changed();
        this.#host.ready(agent);
      },
      revert: () => void this.#dropping.delete(oldest),
    });
    return { taken: true, effects };
  }

  #order(): string {
    let order = this.#host.ids.next();
    while (this.#messages.has(order)) order = this.#host.ids.next();
    return order;
  }

  #make(stage: InboxStage): Message {
    const { options, draft } = stage;
    const order = this.#order();
    const key = draft.headers.Id;
    const id = key ?? order;
    const wanted = options.name ?? (userName.test(id) && this.#free(id) ? id : order);
    const date = timeOf(order);
    const document = Buffer.from(stamp(draft, { id, to: this.#agent.name, origin: options.origin, date }));
    const expires = draft.headers.Expires;
    return {
      id,
      order,
      name: wanted,
      named: options.name !== undefined,
      ...(key === undefined ? {} : { key }),
      origin: options.origin,
      job: this.#agent.jobs.allocate(),
      ...(options.job === undefined ? {} : { jobName: options.job }),
      date,
      mtime: this.#host.clock.nanos().toString(),
      ...(draft.headers.Subject === undefined ? {} : { subject: draft.headers.Subject }),
      ...(draft.headers['In-Reply-To'] === undefined ? {} : { inReplyTo: draft.headers['In-Reply-To'] }),
      ...(expires === undefined ? {} : { expires: Date.parse(expires) }),
      hash: stage.hash,
      size: document.length,
      attempts: 0,
      notBefore: 0,
      interrupted: 0,
      document,
      stage: stage.key,
    };
  }

  /** Nobody has this name or is about to. */
  #free(name: string): boolean {
    return !this.#messages.has(name) && ![...this.#staged].some(({ options }) => options.name === name);
  }

  #show(stage: InboxStage, message: Message): void {
    this.#shown(stage, message);
    this.#arrived(message);
  }

  #shown(stage: InboxStage, message: Message): void {
    this.#staged.delete(stage);
    stage.state = 'published';
    stage.message = message;
  }

  #arrived(message: Message): void {
    this.#insert(message);
    this.#record(message);
    const { id, name } = message;
    this.#host.event('message.accepted', this.#agent.name, {
      id,
      origin: originText(message.origin),
      bytes: message.size,
    });
    this.#host.emit({ type: 'message', change: 'added', agent: this.#agent, name });
    this.#agent.changed();
    this.#host.ready(this.#agent);
  }

  /** For a replay: as it was recorded. Resolves when it is in the store. */
  async restore(recorded: RecordedMessage): Promise<void> {
    const waiting = this.#ids.get(recorded.message);
    if (waiting) {
      // A crash had made its record come late.
      this.#record(waiting);
      return;
    }
    const { message: id, from: origin, in_reply_to: inReplyTo, document: text, order, name, named, date } = recorded;
    const { key, subject, expires, job, job_name: jobName } = recorded;
    const document = Buffer.from(text);
    const message: Message = {
      ...{ id, order, name, named, job, origin, date, document, mtime: `${date}000000` },
      ...(jobName === undefined ? {} : { jobName }),
      ...(key === undefined ? {} : { key }),
      ...(subject === undefined ? {} : { subject }),
      ...(inReplyTo === undefined ? {} : { inReplyTo }),
      ...(expires === undefined ? {} : { expires }),
      ...{ hash: hash('sha256', document), size: document.length, attempts: 0, notBefore: 0, interrupted: 0 },
    };
    // What it made room for is in no record.
    const drops = this.#agent.settings.limits.overflow === 'drop-oldest';
    const effects = drops ? this.#room(message).effects : new Effects();
    this.#arrived(message);
    const operations = [this.#write(message), this.#mark(), ...effects.prepare()];
    effects.apply();
    await this.#host.commit(operations, [this.#agent.trajectory.journal]);
  }

  /** For the tick: what was taken in is in the trajectory before anything is made of it. */
  recordAll(): void {
    for (const message of this.#unrecorded) this.#record(message);
  }

  /** As it was taken in, so that a replay can put the same into its inbox. */
  #record(message: Message): void {
    const { id, order, name, named, key, origin, date, subject, inReplyTo, expires, job, jobName } = message;
    const document = Buffer.from(this.#document(message)).toString();
    const head = {
      message: id,
      order,
      name,
      named,
      key,
      from: bare(origin),
      date,
      subject,
      in_reply_to: inReplyTo,
      expires,
    };
    this.#note('message', { ...head, job, job_name: jobName, document });
    message.recorded = true;
    this.#unrecorded.delete(message);
  }

  #note(type: string, fields: object): void {
    const { trajectory, record } = this.#agent;
    const time = timeText(this.#host.clock.now());
    trajectory.append({ time, tick: record.tick, cause: 'inbox', type, ...fields });
  }

  #insert(message: Message): void {
    this.#messages.set(message.name, message);
    this.#ids.set(message.id, message);
    this.#agent.jobs.waits(message);
  }

  #remove(message: Message): void {
    this.#messages.delete(message.name);
    this.#ids.delete(message.id);
    this.#unrecorded.delete(message);
    this.#agent.jobs.left(message);
    this.#host.emit({ type: 'message', change: 'removed', agent: this.#agent, name: message.name });
  }

  #drop(stage: InboxStage): void {
    stage.state = 'discarded';
    this.#staged.delete(stage);
    this.#agent.changed();
  }

  #abandon(stage: InboxStage): void {
    this.#drop(stage);
    if (stage.key !== undefined) {
      this.#host.background(this.#agent, this.#host.store.batch([this.#host.staging.end(stage.key)]));
    }
  }

  #write(message: Message): Operation {
    const { order, document, stage: _, ...head } = message;
    const key = inboxPrefix(this.#agent.id) + order;
    return put(key, pack(head, document ?? this.#document(message)));
  }

  /** For the batch that is handed on at once: when nothing is left after it, a start need not look here. */
  unmark(): Operation[] {
    return this.#coming === 0 && this.#leaving === this.#messages.size ? [del(pendingKey(this.#agent.id))] : [];
  }

  /** So that a start after a crash knows without looking at every agent. */
  #mark(): Operation {
    return put(pendingKey(this.#agent.id), Buffer.alloc(0));
  }

  #delete(message: Message): Operation[] {
    // Where the commit of the publishing failed, the stage is still what stands for the message.
    const stage = message.stage === undefined ? [] : [del(message.stage)];
    return [del(inboxPrefix(this.#agent.id) + message.order), ...stage];
  }

  #keepOpenable(message: Message, document: Uint8Array, now: number): void {
    this.#consumedBytes -= this.#consumed.get(message.name)?.document.length ?? 0;
    this.#consumed.delete(message.name);
    this.#consumed.set(message.name, { document, message, until: now + OPENABLE });
    this.#consumedBytes += document.length;
    for (const [name, old] of this.#consumed) {
      const over = this.#consumed.size > OPENABLES || this.#consumedBytes > OPENABLE_BYTES;
      if (old.until > now && !over) break;
      this.#consumed.delete(name);
      this.#consumedBytes -= old.document.length;
    }
  }
}
