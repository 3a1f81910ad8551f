import type { Operation } from '../drivers/store/store.ts';
import { timeText } from '../drivers/clock/clock.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import { timeOf } from './ids.ts';
import { outboxPrefix } from './keys.ts';
import type { Journal } from './journal.ts';
import { bodyOf, compose } from './message.ts';
import { Shelf } from './shelf.ts';

/** Messages kept as files. */
const KEPT = 1_000;

export interface Outgoing {
  readonly to: string;
  readonly text: string;
  readonly subject?: string | undefined;
  readonly inReplyTo?: string | undefined;
}

/** What an agent said: a log of all of it, and the newest as files, each named by its id. */
export class Outbox {
  /** One record a message. A record shows when it is on disk, so nobody reads an answer that a crash takes back. */
  readonly log: Journal;
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #shelf: Shelf;
  #last: string | undefined;

  constructor(agent: Agent, host: Host, log: Journal) {
    this.#agent = agent;
    this.#host = host;
    this.log = log;
    this.#shelf = new Shelf(host.store, outboxPrefix(agent.id), () => KEPT);
  }

  async load(): Promise<void> {
    await this.#shelf.load();
    for (const name of this.#shelf.names()) this.#last = name;
  }

  get size(): number {
    return this.#shelf.size;
  }

  /** Ids, oldest first. */
  names(): IterableIterator<string> {
    return this.#shelf.names();
  }

  has(id: string): boolean {
    return this.#shelf.has(id);
  }

  /** Headers, an empty line and the text. */
  document(id: string): Uint8Array | undefined {
    return this.#shelf.get(id);
  }

  /** When a message was sent, in milliseconds. */
  date(id: string): number {
    return timeOf(id);
  }

  /** The text of the newest message, without headers; empty before the first. */
  get last(): string {
    const document = this.#last === undefined ? undefined : this.#shelf.get(this.#last);
    return document ? bodyOf(Buffer.from(document).toString()) : '';
  }

  /** For a tick's batch, which takes from `log` too. */
  send({ to, text, subject, inReplyTo }: Outgoing): {
    id: string;
    operations: Operation[];
    prepare: () => void;
    apply: () => void;
    revert: () => void;
  } {
    const id = this.#host.ids.next();
    const time = timeText(timeOf(id));
    const from = this.#agent.name;
    const headers = { From: from, To: to, Date: time, Id: id, Subject: subject, 'In-Reply-To': inReplyTo };
    const { operations, apply } = this.#shelf.add(id, Buffer.from(compose(headers, text)));
    return {
      id,
      operations,
      prepare: () => this.log.append({ id, time, from, to, subject, in_reply_to: inReplyTo, text }),
      apply: () => {
        for (const name of apply()) this.#host.emit({ type: 'outbox', change: 'removed', agent: this.#agent, name });
        this.#last = id;
        this.#host.emit({ type: 'outbox', change: 'added', agent: this.#agent, name: id });
      },
      revert: () => this.log.rollback(),
    };
  }
}
