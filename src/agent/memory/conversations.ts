import { hash } from 'node:crypto';
import { userName } from '../../kernel/name.ts';
import { del, put, within, type Operation } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';
import { talkPrefix, threadKey } from '../keys.ts';
import { bodyOf } from '../message.ts';
import { senderOf, type Origin } from '../origin.ts';
import { line } from '../record.ts';
import { Conversation } from './conversation.ts';
import type { Happened } from './episode.ts';
import type { Change } from './episodes.ts';

/** Exchanges an agent keeps in all its conversations, and bytes of them. The oldest go first. */
export const EXCHANGES = 2_000;
const BYTES = 8 * 1024 * 1024;
/** Exchanges that stay in memory, of at most so many bytes each: every tick looks at those that were last. */
const RECENT = 16;
const SMALL = 8_192;

/** One line of a conversation. */
export interface Spoken {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  readonly tick: number;
  readonly direction: 'in' | 'out';
  readonly from: string;
  readonly to: string;
  readonly subject?: string | undefined;
  readonly in_reply_to?: string | undefined;
  readonly text: string;
}

/** What a tick adds: the records of one message and its answer. */
export interface Exchange {
  /** The number of the episode, times a thousand, and which of its messages: ascending in the order of time. */
  readonly number: number;
  readonly conversation: string;
  readonly records: readonly Spoken[];
}

/** Exchanges one episode may have. */
export const PER_EPISODE = 1_000;

interface Place {
  readonly conversation: string;
  readonly key: string;
  readonly size: number;
}

/** Who said what: a log a conversation, in which each message and its answer are written together. */
export class Conversations {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #conversations = new Map<string, Conversation>();
  /** By number, ascending. */
  readonly #places = new Map<number, Place>();
  /** Numbers of exchanges by the episode they belong to. */
  readonly #episodes = new Map<number, number[]>();
  readonly #touched: (episode: number) => void;
  /** By number; those that came last are last. */
  readonly #recent = new Map<number, Spoken[]>();
  #bytes = 0;
  #last = 0;

  constructor(agent: Agent, host: Host, touched: (episode: number) => void) {
    this.#agent = agent;
    this.#host = host;
    this.#touched = touched;
  }

  async load(): Promise<void> {
    const prefix = talkPrefix(this.#agent.id);
    for await (const key of this.#host.store.keys(within(prefix))) {
      const [place, conversation, size] = key.slice(prefix.length).split('/');
      const [episode, at] = place!.split('.');
      const number = Number(episode) * PER_EPISODE + Number(at);
      this.#insert(number, { key, conversation: conversation!, size: Number(size) });
    }
  }

  /** Those that begin earliest first. */
  names(): IterableIterator<string> {
    return this.#conversations.keys();
  }

  has(name: string): boolean {
    return this.#conversations.has(name);
  }

  get(name: string): Conversation | undefined {
    return this.#conversations.get(name);
  }

  /** Numbers of all exchanges, ascending. */
  numbers(): IterableIterator<number> {
    return this.#places.keys();
  }

  /** Numbers of the episodes that exchanges are kept of. */
  episodes(): IterableIterator<number> {
    return this.#episodes.keys();
  }

  /** Numbers of the exchanges an episode had, those that are kept. */
  within(episode: number): readonly number[] {
    return this.#episodes.get(episode) ?? [];
  }

  /** The episode of the newest exchange there has been since the start; 0 without one. */
  get lastEpisode(): number {
    return episodeOf(this.#last);
  }

  get size(): number {
    return this.#places.size;
  }

  /** The conversation an exchange is part of; undefined when it is not kept. */
  of(number: number): string | undefined {
    return this.#places.get(number)?.conversation;
  }

  /** The records of an exchange; empty when it is not kept. */
  exchange(number: number): Spoken[] {
    const place = this.#places.get(number);
    const known = place && this.#recent.get(number);
    if (known) return known;
    const value = place && this.#host.store.get(place.key);
    if (!value) return [];
    const lines = Buffer.from(value).toString().trimEnd().split('\n');
    const records = lines.map((text) => JSON.parse(text) as Spoken);
    this.#keep(number, place.size, records);
    return records;
  }

  #keep(number: number, size: number, records: Spoken[]): void {
    if (size > SMALL) return;
    this.#recent.set(number, records);
    for (const old of this.#recent.keys()) {
      if (this.#recent.size <= RECENT) return;
      this.#recent.delete(old);
    }
  }

  /**
   * The conversation a message belongs to: the one with whoever it is from or, when it answers something, the thread of
   * the message everything began with. A thread is part of one origin's conversations: nobody gets into another's by
   * naming a message of it.
   */
  nameFor({ origin, inReplyTo }: { readonly origin: Origin; readonly inReplyTo?: string | undefined }): string {
    const who = partyOf(origin);
    if (inReplyTo === undefined) return who;
    const answered = this.#sentTo(inReplyTo, origin)?.inReplyTo;
    const known = this.#thread(inReplyTo) ?? (answered === undefined ? undefined : this.#thread(answered));
    if (known?.startsWith(`${who}.`) === true) return known;
    return `${who}.${fileName(answered ?? inReplyTo)}`;
  }

  /** The records of what happened, those of one exchange. */
  records(happened: Happened, origin: Origin): Spoken[] {
    const { time, tick, from, message, answer, conversation } = happened;
    const own = this.#agent.name;
    const records: Spoken[] = [];
    // What a thread begins with, so that it can be read by itself.
    const first = message.inReplyTo !== undefined && !this.has(conversation);
    const root = first ? this.#sentTo(message.inReplyTo, origin)?.record : undefined;
    if (root) records.push({ ...root, tick });
    const { id, subject, inReplyTo, text } = message;
    records.push({ id, time, tick, direction: 'in', from, to: own, subject, in_reply_to: inReplyTo, text });
    if (answer) {
      const { id: answerId, subject: about, text: said } = answer;
      const out = { id: answerId, time, tick, direction: 'out', from: own, to: from, subject: about } as const;
      records.push({ ...out, in_reply_to: id, text: said });
    }
    return records;
  }

  /** More exchanges, and the oldest of all go when they are too many. */
  add(exchanges: readonly Exchange[]): Change {
    const added = exchanges.map(({ number, conversation, records }) => {
      const value = Buffer.from(records.map((record) => `${line(record)}\n`).join(''));
      const [episode, at] = [episodeOf(number), number % PER_EPISODE];
      const place = `${episode.toString().padStart(12, '0')}.${at.toString().padStart(3, '0')}`;
      const key = `${talkPrefix(this.#agent.id)}${place}/${conversation}/${value.length}`;
      const threads = conversation.includes('.')
        ? records.map(({ id }) => put(this.#threadKey(id), Buffer.from(conversation)))
        : [];
      const operations = [put(key, value), ...threads];
      return { number, records, place: { key, conversation, size: value.length }, operations };
    });
    const excess: number[] = [];
    let bytes = added.reduce((sum, { place }) => sum + place.size, this.#bytes);
    let many = this.#places.size + added.length;
    for (const [old, { size }] of this.#places) {
      if (bytes <= BYTES && many <= EXCHANGES) break;
      excess.push(old);
      bytes -= size;
      many--;
    }
    const removed = this.remove(excess);
    return {
      operations: [...removed.operations, ...added.flatMap(({ operations }) => operations)],
      apply: () => {
        removed.apply();
        for (const { number, place, records } of added) {
          this.#insert(number, place);
          this.#keep(number, place.size, [...records]);
          this.#touched(episodeOf(number));
        }
      },
    };
  }

  /** Without these exchanges. */
  remove(numbers: readonly number[]): Change {
    const operations: Operation[] = [];
    for (const number of numbers) {
      const place = this.#places.get(number);
      if (!place) continue;
      operations.push(del(place.key));
      if (!place.conversation.includes('.')) continue;
      for (const { id } of this.exchange(number)) operations.push(del(this.#threadKey(id)));
    }
    return {
      operations,
      apply: () => {
        for (const number of numbers) this.#drop(number);
      },
    };
  }

  #insert(number: number, place: Place): void {
    let conversation = this.#conversations.get(place.conversation);
    if (!conversation) {
      conversation = new Conversation(place.conversation, this.#host.store);
      this.#conversations.set(place.conversation, conversation);
    }
    conversation.push(number, place.key, place.size);
    this.#places.set(number, place);
    this.#bytes += place.size;
    this.#last = Math.max(this.#last, number);
    const episode = episodeOf(number);
    const beside = this.#episodes.get(episode);
    if (beside) beside.push(number);
    else this.#episodes.set(episode, [number]);
  }

  #drop(number: number): void {
    const place = this.#places.get(number);
    if (!place) return;
    this.#places.delete(number);
    this.#recent.delete(number);
    this.#bytes -= place.size;
    const episode = episodeOf(number);
    const left = this.within(episode).filter((other) => other !== number);
    if (left.length > 0) this.#episodes.set(episode, left);
    else this.#episodes.delete(episode);
    const conversation = this.#conversations.get(place.conversation);
    conversation?.drop(number);
    if (conversation?.length === 0) this.#conversations.delete(place.conversation);
    this.#touched(episodeOf(number));
  }

  #thread(id: string): string | undefined {
    const value = this.#host.store.get(this.#threadKey(id));
    return value && Buffer.from(value).toString();
  }

  #threadKey(id: string): string {
    return threadKey(this.#agent.id, hash('sha256', id).slice(0, 32));
  }

  /** What this agent said itself under an id, to the one who names it now. */
  #sentTo(id: string | undefined, origin: Origin): { inReplyTo: string | undefined; record: Spoken } | undefined {
    const document = id !== undefined && this.#agent.outbox.has(id) ? this.#agent.outbox.document(id) : undefined;
    if (id === undefined || !document) return undefined;
    const text = Buffer.from(document).toString();
    const head = text.slice(0, text.indexOf('\n\n') + 1);
    const header = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(head)?.[1];
    const to = header('To') ?? '';
    if (to !== senderOf(origin)) return undefined;
    const inReplyTo = header('In-Reply-To');
    const time = header('Date') ?? '';
    const said = {
      id,
      time,
      tick: 0,
      direction: 'out',
      from: this.#agent.name,
      to,
      subject: header('Subject'),
    } as const;
    return { inReplyTo, record: { ...said, in_reply_to: inReplyTo, text: bodyOf(text) } };
  }
}

/** The name of the conversation with an origin. It has no '.', which begins the id of a thread. */
export const partyOf = (origin: Origin): string => {
  switch (origin.tier) {
    case 'agent':
      return `agent-${origin.name}`;
    case 'npub':
      return origin.npub;
    case 'schedule':
    case 'goal':
      return `${origin.tier}-${origin.name.replaceAll('.', '_')}`;
    default:
      return origin.tier;
  }
};

export const episodeOf = (exchange: number): number => Math.floor(exchange / PER_EPISODE);

/** An id as a file name: a client may have chosen any text. */
const fileName = (id: string): string => (userName.test(id) ? id : `x${hash('sha256', id).slice(0, 24)}`);
