import { timeText } from '../drivers/clock/clock.ts';
import type { Errno } from '../kernel/errno.ts';
import type { Agent } from './agent.ts';
import type { Effect } from './effects.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import { deadPrefix } from './keys.ts';
import { originText } from './origin.ts';
import { pack } from './pack.ts';
import { Shelf } from './shelf.ts';

/** Kept. */
const DEAD = 1_000;

/** What stands at the head of a dead letter; its text is the document of the message. */
export interface DeadHead {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly time: string;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
}

/** Messages that could not be taken, or failed for good, each with the reason: the newest 1,000, by the order they came in. */
export class DeadLetters {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #shelf: Shelf;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
    this.#shelf = new Shelf(host.store, deadPrefix(agent.id), DEAD);
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

  /** `pack`ed with a DeadHead. */
  get(name: string): Uint8Array | undefined {
    return this.#shelf.get(name);
  }

  /** The message is taken out of the inbox and kept with the reason; whoever waits for an answer gets the error. */
  bury(message: Message, { code, message: reason }: Errno): Effect[] {
    const agent = this.#agent;
    const { id, name, attempts, order } = message;
    const time = timeText(this.#host.clock.now());
    const head: DeadHead = { id, name, origin: originText(message.origin), time, code, reason, attempts: attempts + 1 };
    const { operations, apply } = this.#shelf.add(order, pack(head, agent.inbox.document(name)));
    return [
      {
        operations,
        apply: () => {
          for (const old of apply()) this.#host.emit({ type: 'dead', change: 'removed', agent, name: old });
          this.#host.emit({ type: 'dead', change: 'added', agent, name: order });
          this.#host.event('message.dead', agent.name, { id, code, reason });
        },
      },
      agent.inbox.consume(message),
    ];
  }
}
