import { hash } from 'node:crypto';
import { put, type Operation } from '../drivers/store/store.ts';
import { Errno } from '../kernel/errno.ts';
import { agentName } from '../kernel/name.ts';
import type { Agent } from './agent.ts';
import type { Effect } from './effects.ts';
import type { Host } from './host.ts';
import { MESSAGE } from './inbox.ts';
import { expireKey, usedSentKey } from './keys.ts';
import { compose, parse, type Draft } from './message.ts';
import type { Origin } from './origin.ts';
import { decode } from './text.ts';

/** How long an `Id:` is a key. */
const ID_KEY = 24 * 3_600_000;

interface Used {
  readonly hash: string;
  readonly id: string;
  readonly until: number;
}

/** A message that was validated and is on disk. It counts as pending where it goes to. */
export interface SendingStage {
  readonly draft: Draft;
  readonly hash: string;
  /** Undefined: the operator, who reads the outbox. */
  readonly target: Agent | undefined;
  readonly key: string | undefined;
  /** Gives back the place in the inbox it goes to. */
  readonly release: () => void;
  /** The id of the message that was sent under this `Id:` already. */
  readonly duplicate: string | undefined;
  state: 'staged' | 'published' | 'discarded';
}

/**
 * What an agent says of its own accord: into its outbox and, in the same batch, into the inbox of the agent it is for.
 * Whoever writes it, it comes from the agent whose outbox it is.
 */
export class Sending {
  readonly #agent: Agent;
  readonly #host: Host;
  /** Keys on the way to the disk. */
  readonly #fresh = new Map<string, Used>();

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  /**
   * Validates and makes durable, without effect. EINVAL without a `To:`, ENOENT for an agent that is not there, ENOTSUP
   * for what lies outside this server, ENOSPC where the inbox is full, EEXIST for an `Id:` that stands for another text.
   */
  async stage(bytes: Uint8Array): Promise<SendingStage> {
    const stage = await this.#read(bytes);
    if (stage.duplicate !== undefined) return stage;
    try {
      const target = { agent: this.#agent.id, kind: 'outbox', meta: {} };
      return { ...stage, key: await this.#host.staging.put(target, bytes) };
    } catch (error) {
      stage.release();
      throw error;
    }
  }

  async discardStage(stage: SendingStage): Promise<void> {
    if (stage.state !== 'staged') return;
    stage.state = 'discarded';
    stage.release();
    if (stage.key !== undefined) await this.#host.store.batch([this.#host.staging.end(stage.key)]);
  }

  /** On its way when this returns: it counts as pending at the receiver, and the disk follows. Returns its id. */
  publish(stage: SendingStage): string {
    const { id, committed } = this.#publish(stage);
    if (committed) this.#host.background(this.#agent, committed);
    return id;
  }

  /** Stage and publish in one: resolves with the id when it is on disk. */
  async send(bytes: Uint8Array): Promise<string> {
    const { id, committed } = this.#publish(await this.#read(bytes));
    await committed;
    return id;
  }

  /** A stage an earlier run left. */
  async recover(key: string, _meta: object, bytes: Uint8Array): Promise<void> {
    try {
      const stage = await this.#read(bytes);
      if (stage.duplicate === undefined) {
        await this.#publish({ ...stage, key }).committed;
        return;
      }
    } catch (error) {
      this.#agent.refused('outbox/new', error);
    }
    await this.#host.store.batch([this.#host.staging.end(key)]);
  }

  /** For the batch of a tick: a text for an agent or the operator. Refuses as `stage` does. */
  async tell(to: string, text: string): Promise<{ id: string; effects: Effect[] }> {
    const target = await this.#target(to);
    const draft: Draft = { headers: { To: to }, claimed: {}, body: text };
    assertSize(draft);
    return this.#effects(draft, target);
  }

  async #read(bytes: Uint8Array): Promise<SendingStage> {
    this.#assertHere();
    if (bytes.length > MESSAGE) throw new Errno('EFBIG', `a message has at most ${MESSAGE} bytes`);
    const draft = parse(decode(bytes));
    const to = draft.headers.To;
    if (to === undefined) {
      throw new Errno('EINVAL', 'a message to send begins with a line To: NAME, then an empty line, then the text');
    }
    assertSize(draft);
    const target = await this.#target(to);
    const digest = hash('sha256', bytes);
    const duplicate = this.#duplicate(draft, digest);
    const release =
      duplicate === undefined && target
        ? target.inbox.reserve(Buffer.from(delivered(draft)), { origin: this.#origin })
        : () => undefined;
    return { draft, hash: digest, target, key: undefined, release, duplicate, state: 'staged' };
  }

  #publish(stage: SendingStage): { id: string; committed?: Promise<void> } {
    if (stage.duplicate !== undefined) return { id: stage.duplicate };
    if (stage.state !== 'staged') throw new Errno('EINVAL', 'this stage was given up');
    stage.release();
    const { draft, target, key } = stage;
    const ended = key === undefined ? [] : [this.#host.staging.end(key)];
    let duplicate: string | undefined;
    let made: { id: string; effects: Effect[] } | undefined;
    try {
      this.#assertHere();
      duplicate = this.#duplicate(draft, stage.hash);
      if (duplicate === undefined) made = this.#effects(draft, target);
    } catch (error) {
      stage.state = 'discarded';
      this.#host.background(this.#agent, this.#host.store.batch(ended));
      throw error;
    }
    stage.state = 'published';
    if (!made) return { id: duplicate!, committed: this.#host.store.batch(ended) };
    const used = this.#use(draft, stage.hash, made.id);
    return { id: made.id, committed: this.#commit(made.effects, [...used.operations, ...ended]).finally(used.settled) };
  }

  async #commit(effects: readonly Effect[], operations: readonly Operation[]): Promise<void> {
    const { journals, outbox } = this.#agent;
    for (const effect of effects) effect.prepare?.();
    const all = [...effects.flatMap((effect) => effect.operations), ...operations];
    try {
      await this.#host.commit(all, [...journals, outbox.log]);
    } catch (error) {
      for (const effect of effects) effect.revert?.();
      throw error;
    }
    for (const effect of effects) effect.apply?.();
    this.#agent.changed();
  }

  #effects(draft: Draft, target: Agent | undefined): { id: string; effects: Effect[] } {
    const { headers, body } = draft;
    const sent = this.#agent.outbox.send({
      to: headers.To!,
      text: body,
      subject: headers.Subject,
      inReplyTo: headers['In-Reply-To'],
    });
    if (!target) return { id: sent.id, effects: [sent] };
    const bytes = Buffer.from(delivered(draft, sent.id));
    return { id: sent.id, effects: [sent, target.inbox.offer(bytes, { origin: this.#origin })] };
  }

  get #origin(): Origin {
    return { tier: 'agent', name: this.#agent.name, id: this.#agent.id };
  }

  async #target(to: string): Promise<Agent | undefined> {
    if (to === 'operator') return undefined;
    if (/^(?:npub1|nprofile1)/.test(to) || /[/@:]/.test(to)) {
      throw new Errno(
        'ENOTSUP',
        `'${to}' lies outside this server: so far a message goes to one of its agents, or the operator`,
      );
    }
    const target = agentName.test(to) ? await this.#host.load(to) : undefined;
    if (!target) throw new Errno('ENOENT', `no agent '${to}' on this server`);
    return target;
  }

  #duplicate({ headers: { Id } }: Draft, digest: string): string | undefined {
    if (Id === undefined) return undefined;
    const key = usedSentKey(this.#agent.id, hash('sha256', Id));
    const stored = this.#host.store.get(key);
    const used = this.#fresh.get(key) ?? (stored && (JSON.parse(Buffer.from(stored).toString()) as Used));
    if (!used || used.until <= this.#host.clock.now()) return undefined;
    if (used.hash !== digest) throw new Errno('EEXIST', `the Id '${Id}' stands for another content`);
    return used.id;
  }

  #use({ headers: { Id } }: Draft, digest: string, id: string): { operations: Operation[]; settled: () => void } {
    if (Id === undefined) return { operations: [], settled: () => undefined };
    const key = usedSentKey(this.#agent.id, hash('sha256', Id));
    const used: Used = { hash: digest, id, until: this.#host.clock.now() + ID_KEY };
    this.#fresh.set(key, used);
    return {
      operations: [put(key, Buffer.from(JSON.stringify(used))), put(expireKey(used.until, key), Buffer.alloc(0))],
      settled: () => void this.#fresh.delete(key),
    };
  }

  #assertHere(): void {
    if (this.#agent.gone) throw new Errno('ESTALE', `the agent '${this.#agent.name}' is gone`);
  }
}

/** What the receiver is handed: its `Id` is the one in the outbox, so that an answer finds what it answers. */
const delivered = ({ headers, claimed, body }: Draft, id?: string): string => {
  const { Subject, Priority, Expires } = headers;
  const claims = Object.entries(claimed).map(([name, value]) => [name.replace(/^Claimed-/, ''), value] as const);
  return compose(
    { Id: id, Subject, 'In-Reply-To': headers['In-Reply-To'], Priority, Expires, ...Object.fromEntries(claims) },
    body,
  );
};

/** The id it gets, at most. */
const ROOM = 64;

const assertSize = (draft: Draft): void => {
  if (Buffer.byteLength(delivered(draft)) + ROOM > MESSAGE) {
    throw new Errno('EFBIG', `a message has at most ${MESSAGE} bytes`);
  }
};
