import type { Operation } from '../drivers/store/store.ts';
import { Errno } from '../kernel/errno.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';

/** What publishing does: `operations` are what is to be on disk. */
export interface Act {
  readonly operations: readonly Operation[];
  /** The disk has it. */
  done?(): void;
  /** The disk refused it. The stage stands for it then, and the next start publishes it. */
  failed?(): void;
}

export interface StagedDocument<Meta extends object> {
  readonly meta: Meta;
  readonly bytes: Uint8Array;
  readonly key: string;
  /** What the owner set aside for it. */
  readonly held: (() => void) | undefined;
  state: 'staged' | 'published' | 'discarded';
}

export interface StagesOwner<Meta extends object> {
  /** As it is known to the start after a crash. */
  readonly kind: string;
  /** Where a failure that nobody waits for is told: a path below the agent. */
  readonly path: string;
  /** Refuses what cannot be published. Sets aside what publishing will need; the function gives it back. */
  check(meta: Meta, bytes: Uint8Array): (() => void) | undefined;
  /** Acts in memory, at once. */
  act(meta: Meta, bytes: Uint8Array): Act;
}

/** Documents of one kind that are validated and on disk since a flush, and act, once, at the last close or after a crash. */
export class Stages<Meta extends object> {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #owner: StagesOwner<Meta>;

  constructor(agent: Agent, host: Host, owner: StagesOwner<Meta>) {
    this.#agent = agent;
    this.#host = host;
    this.#owner = owner;
  }

  /** Whatever `check` refuses with; ENOSPC when too many are staged. */
  async stage(meta: Meta, bytes: Uint8Array): Promise<StagedDocument<Meta>> {
    this.#assertHere();
    const held = this.#owner.check(meta, bytes);
    try {
      const key = await this.#host.staging.put({ agent: this.#agent.id, kind: this.#owner.kind, meta }, bytes);
      return { meta, bytes, key, held, state: 'staged' };
    } catch (error) {
      held?.();
      throw error;
    }
  }

  async discard(stage: StagedDocument<Meta>): Promise<void> {
    if (stage.state !== 'staged') return;
    stage.state = 'discarded';
    stage.held?.();
    await this.#host.store.batch([this.#host.staging.end(stage.key)]);
  }

  /** It has acted when this returns; the disk follows. ESTALE, and what `check` would refuse by now. */
  publish(stage: StagedDocument<Meta>): void {
    if (stage.state === 'published') return;
    if (stage.state === 'discarded') throw new Errno('EINVAL', 'this stage was given up');
    stage.held?.();
    try {
      this.#assertHere();
      this.#owner.check(stage.meta, stage.bytes)?.();
    } catch (error) {
      stage.state = 'discarded';
      this.#host.background(this.#agent, this.#host.store.batch([this.#host.staging.end(stage.key)]));
      throw error;
    }
    stage.state = 'published';
    this.#host.background(this.#agent, this.#act(stage.meta, stage.bytes, stage.key));
  }

  /** Stage and publish in one: resolves when it is on disk. */
  async write(meta: Meta, bytes: Uint8Array): Promise<void> {
    this.#assertHere();
    this.#owner.check(meta, bytes)?.();
    await this.#act(meta, bytes);
  }

  /** A stage an earlier run left. Where it can no longer act, only the stage goes. */
  async recover(key: string, meta: object, bytes: Uint8Array): Promise<void> {
    try {
      this.#owner.check(meta as Meta, bytes)?.();
    } catch (error) {
      this.#agent.refused(this.#owner.path, error);
      await this.#host.store.batch([this.#host.staging.end(key)]);
      return;
    }
    await this.#act(meta as Meta, bytes, key);
  }

  async #act(meta: Meta, bytes: Uint8Array, key?: string): Promise<void> {
    const act = this.#owner.act(meta, bytes);
    const ended = key === undefined ? [] : [this.#host.staging.end(key)];
    try {
      await this.#host.commit([...act.operations, ...ended], this.#agent.journals);
    } catch (error) {
      act.failed?.();
      throw error;
    }
    act.done?.();
  }

  #assertHere(): void {
    if (this.#agent.gone) throw new Errno('ESTALE', `the agent '${this.#agent.name}' is gone`);
  }
}
