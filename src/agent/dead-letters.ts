import { Errno } from '../kernel/errno.ts';
import { timeText } from '../drivers/clock/clock.ts';
import type { Agent } from './agent.ts';
import { Effects, type Effect } from './effects.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import { deadPrefix } from './keys.ts';
import { originText } from './origin.ts';
import { pack, unpack } from './pack.ts';
import { Shelf } from './shelf.ts';

/** What stands at the head of a dead letter; its text is the document of the message. */
export interface DeadHead {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly time: string;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  /** What it was as a message, so that it can be one again. */
  readonly message: Message;
}

/** Messages that could not be taken, or failed for good, each with the reason: the newest, by the order they came in. */
export class DeadLetters {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #shelf: Shelf;
  readonly #replaying = new Map<string, Promise<number>>();

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
    this.#shelf = new Shelf(host.store, deadPrefix(agent.id), () => agent.settings.limits.dead);
  }

  async load(): Promise<void> {
    await this.#shelf.load();
  }

  get size(): number {
    return this.#shelf.size;
  }

  names(): IterableIterator<string> {
    return this.#shelf.names();
  }

  has(name: string): boolean {
    return this.#shelf.has(name);
  }

  /** `pack`ed with a DeadHead. */
  get(name: string): Uint8Array | undefined {
    return this.#shelf.get(name);
  }

  head(name: string): DeadHead | undefined {
    const letter = this.get(name);
    return letter && (unpack(letter).head as DeadHead);
  }

  /** The message is taken out of the inbox and kept with the reason. */
  bury(message: Message, { code, message: reason }: Errno): Effect[] {
    const agent = this.#agent;
    const { id, name, attempts, order, document: _, stage: __, ...rest } = message;
    const head: DeadHead = {
      id,
      name,
      origin: originText(message.origin),
      time: timeText(this.#host.clock.now()),
      code,
      reason,
      attempts: attempts + 1,
      message: { ...rest, id, name, attempts, order },
    };
    const document = message.document ?? agent.inbox.document(name);
    const { operations, apply } = this.#shelf.add(order, pack(head, document));
    return [
      {
        operations,
        apply: () => {
          for (const old of apply()) this.#emit('removed', old);
          this.#emit('added', order);
          this.#host.event('message.dead', agent.name, { id, job: message.job, code, reason });
        },
      },
      agent.inbox.consume(message),
    ];
  }

  /**
   * Its message comes in again, by a new job whose number is returned; the letter goes in the same commit. Asked for
   * again while that message waits, it is the same. ENOENT; EEXIST when another message of its id waits; ENOSPC.
   */
  async replay(name: string): Promise<number> {
    const under = this.#replaying.get(name) ?? this.#replay(name).finally(() => this.#replaying.delete(name));
    this.#replaying.set(name, under);
    return under;
  }

  async #replay(name: string): Promise<number> {
    const letter = this.get(name);
    if (!letter) {
      const waits = this.#agent.inbox.ofLetter(name);
      if (waits) return waits.job;
      throw new Errno('ENOENT', `no dead letter '${name}'`);
    }
    const { head, bytes } = unpack(letter);
    const { id, message } = head as DeadHead;
    const effects = new Effects();
    effects.push(this.#agent.inbox.requeue(message, bytes), this.#shelf.remove(name));
    const { last: job } = this.#agent.jobs.range;
    await this.#commit(effects, 'message.replayed', { id, job });
    this.#emit('removed', name);
    return job;
  }

  /** ENOENT; EBUSY while it is replayed. */
  async discard(name: string): Promise<void> {
    if (this.#replaying.has(name)) throw new Errno('EBUSY', `'${name}' is being replayed`);
    const id = this.head(name)?.id;
    if (id === undefined) throw new Errno('ENOENT', `no dead letter '${name}'`);
    const effects = new Effects();
    effects.push(this.#shelf.remove(name));
    await this.#commit(effects, 'message.forgotten', { id });
    this.#emit('removed', name);
  }

  async #commit(effects: Effects, event: string, fields: object): Promise<void> {
    this.#host.event(event, this.#agent.name, fields);
    try {
      await this.#host.commit([...effects.prepare(), this.#agent.save()], []);
    } catch (error) {
      effects.revert();
      throw error;
    }
    effects.apply();
  }

  #emit(change: 'added' | 'removed', name: string): void {
    this.#host.emit({ type: 'dead', change, agent: this.#agent, name });
  }
}
