import { Errno } from '../kernel/errno.ts';
import { until } from '../kernel/until.ts';
import type { Clock } from '../drivers/clock/clock.ts';
import type { Keys, SealedKey } from '../drivers/keys/keys.ts';
import { del, put, within, type Operation, type Store } from '../drivers/store/store.ts';
import { agentKey, agentsPrefix, keylessKey, keylessPrefix, keyMarkKey, secretKey } from './keys.ts';

/** How long an agent may be without its key while nobody asks for it, in milliseconds; and keys made at one time. */
const LATER = 1_000;
const TOGETHER = 256;
const NONE = 'this server was started without keys';
const EMPTY = new Uint8Array(0);

export interface IdentitiesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Absent: the agents of this server have no keys. */
  readonly keys: Keys | undefined;
  /** Work nobody waits for. */
  readonly background: (work: Promise<unknown>) => void;
}

/**
 * The sealed keys of all agents. Making an agent only notes, in its own commit, that it has no key yet; a moment later,
 * or as soon as somebody asks for it, keys are made for all that have none, many in one commit. So an agent costs nothing
 * more to make, and after a crash the notes are still there. Reading a public key makes nothing: it waits.
 */
export class Identities {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #keys: Keys | undefined;
  readonly #background: IdentitiesOptions['background'];
  readonly #keyless = new Set<number>();
  /** Those of them somebody waits for. */
  readonly #asked = new Set<number>();
  #making: Promise<void> | undefined;
  #stopTimer: (() => void) | undefined;
  readonly #ended = new AbortController();

  constructor({ store, clock, keys, background }: IdentitiesOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#keys = keys;
    this.#background = background;
  }

  /**
   * ENOKEY where the keys in the store are sealed under another server key than this one: nothing is changed then. The
   * first time a store has keys, every agent that is in it gets one.
   */
  async load(): Promise<void> {
    if (!this.#keys) return;
    const { mark } = this.#keys;
    const stored = this.#store.get(keyMarkKey);
    if (stored === undefined) await this.#begin(mark);
    else if (Buffer.from(stored).toString() !== `${mark}\n`) {
      throw new Errno('ENOKEY', "this is not the server's key under which the keys of the agents are sealed");
    }
    for await (const key of this.#store.keys(within(keylessPrefix))) {
      this.#keyless.add(Number(key.slice(keylessPrefix.length)));
    }
    if (this.#keyless.size > 0) this.#later();
  }

  async #begin(mark: string): Promise<void> {
    let operations: Operation[] = [];
    for await (const key of this.#store.keys(within(agentsPrefix))) {
      operations.push(put(keylessKey(Number(key.slice(agentsPrefix.length))), EMPTY));
      if (operations.length < TOGETHER) continue;
      await this.#store.batch(operations, { sync: false });
      operations = [];
    }
    await this.#store.batch([...operations, put(keyMarkKey, Buffer.from(`${mark}\n`))]);
  }

  /** ENOKEY where this server has none. */
  get keys(): Keys {
    if (!this.#keys) throw new Errno('ENOKEY', NONE);
    return this.#keys;
  }

  /** For the commit that makes an agent. */
  wanted(agent: number): Operation[] {
    return this.#keys ? [put(keylessKey(agent), EMPTY)] : [];
  }

  /** After that commit. */
  made(agent: number): void {
    if (!this.#keys) return;
    this.#keyless.add(agent);
    this.#later();
  }

  /** The key of an agent; waits while it is being made. ENOKEY where there is none, EINTR when the signal aborts. */
  async key(agent: number, signal: AbortSignal): Promise<SealedKey> {
    if (!this.#keys) throw new Errno('ENOKEY', NONE);
    while (this.#keyless.has(agent)) {
      this.#asked.add(agent);
      await until(this.#make(), signal).finally(() => this.#asked.delete(agent));
    }
    const sealed = this.#store.get(secretKey(agent));
    if (!sealed) throw new Errno('ENOKEY', 'this agent has no key');
    return { agent, sealed };
  }

  /** Nothing more is made; what is under way ends. Agents without a key get it after the next start. */
  async close(): Promise<void> {
    this.#stopTimer?.();
    this.#ended.abort(new Errno('ESTALE', 'the server ends'));
    // Whoever waits for it hears why it failed.
    await this.#making?.catch(() => undefined);
  }

  #later(): void {
    if (this.#stopTimer || this.#ended.signal.aborted) return;
    this.#stopTimer = this.#clock.timer(LATER, () => {
      this.#stopTimer = undefined;
      this.#background(this.#makeAll());
    });
  }

  /** Keys for all that have none. After a failure the next who is made or asked for tries again. */
  async #makeAll(): Promise<void> {
    while (this.#keyless.size > 0) await this.#make();
  }

  /** Keys for some that have none, those who are asked for first. One at a time: who comes meanwhile waits for it. */
  #make(): Promise<void> {
    this.#making ??= this.#batch().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #batch(): Promise<void> {
    const agents = this.#next();
    const sealed = await this.keys.generate(agents, this.#ended.signal);
    await this.#store.batch(
      agents.flatMap((agent, at): Operation[] => {
        // What was forgotten meanwhile gets none; a key that is there is never replaced.
        const lacks = this.#store.get(agentKey(agent)) && !this.#store.get(secretKey(agent));
        return [...(lacks ? [put(secretKey(agent), sealed[at]!)] : []), del(keylessKey(agent))];
      }),
    );
    for (const agent of agents) this.#keyless.delete(agent);
  }

  #next(): number[] {
    const agents: number[] = [];
    for (const some of [this.#asked, this.#keyless]) {
      for (const agent of some) {
        if (agents.length === TOGETHER) return agents;
        if (some === this.#asked || !this.#asked.has(agent)) agents.push(agent);
      }
    }
    return agents;
  }
}
