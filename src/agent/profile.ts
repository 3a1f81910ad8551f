import { Errno } from '../kernel/errno.ts';
import { put } from '../drivers/store/store.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import { profileKey } from './keys.ts';
import { decode } from './text.ts';

/** Bytes of one. */
export const PROFILE = 65_536;
const EMPTY = '{}\n';

/** What NIP-01 and NIP-24 say a profile may hold, and of which type; anything else may stand there too. */
const strings = ['name', 'about', 'picture', 'display_name', 'website', 'banner', 'nip05', 'lud06', 'lud16'];

export interface ProfileStage {
  readonly bytes: Uint8Array;
  readonly key: string;
  state: 'staged' | 'published' | 'discarded';
}

/** How an agent shows itself to other Nostr users: the content of an event of kind 0, kept as it was written. */
export class Profile {
  readonly #agent: Agent;
  readonly #host: Host;
  /** Until the disk has it. */
  #fresh: { readonly bytes: Uint8Array } | undefined;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  get content(): Uint8Array {
    if (this.#fresh) return this.#fresh.bytes;
    return this.#host.store.get(profileKey(this.#agent.id)) ?? Buffer.from(EMPTY);
  }

  /** Validates and makes durable, without effect. EINVAL with the member, EFBIG, ENOSPC. */
  async stage(bytes: Uint8Array): Promise<ProfileStage> {
    const checked = check(bytes);
    const target = { agent: this.#agent.id, kind: 'profile', meta: {} };
    return { bytes: checked, key: await this.#host.staging.put(target, checked), state: 'staged' };
  }

  async discardStage(stage: ProfileStage): Promise<void> {
    if (stage.state !== 'staged') return;
    stage.state = 'discarded';
    await this.#host.store.batch([this.#host.staging.end(stage.key)]);
  }

  /** It holds when this returns; the disk follows, and the stage stands for it meanwhile. ESTALE. */
  publish(stage: ProfileStage): void {
    if (stage.state !== 'staged') return;
    if (this.#agent.gone) {
      this.#host.background(this.#agent, this.discardStage(stage));
      throw new Errno('ESTALE', `the agent '${this.#agent.name}' is gone`);
    }
    stage.state = 'published';
    this.#host.background(this.#agent, this.#keep(stage.bytes, stage.key));
  }

  /** A stage an earlier run left. */
  async recover(key: string, _meta: object, bytes: Uint8Array): Promise<void> {
    await this.#keep(bytes, key);
  }

  async #keep(bytes: Uint8Array, key: string): Promise<void> {
    const fresh = { bytes };
    this.#fresh = fresh;
    try {
      await this.#host.commit([put(profileKey(this.#agent.id), bytes), this.#host.staging.end(key)], []);
    } finally {
      if (this.#fresh === fresh) this.#fresh = undefined;
    }
  }
}

/** The bytes that are kept: they end with a newline. Nothing at all is `{}`. */
const check = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > PROFILE) throw new Errno('EFBIG', `a profile has at most ${PROFILE} bytes`);
  const text = decode(bytes);
  if (text.trim() === '') return Buffer.from(EMPTY);
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw new Errno('EINVAL', `the profile is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) {
    throw new Errno('EINVAL', 'the profile is no JSON object');
  }
  const members = profile as Record<string, unknown>;
  for (const name of strings) {
    if (Object.hasOwn(members, name) && typeof members[name] !== 'string') {
      throw new Errno('EINVAL', `${name}: it must be a string`);
    }
  }
  if (Object.hasOwn(members, 'bot') && typeof members['bot'] !== 'boolean') {
    throw new Errno('EINVAL', 'bot: it must be true or false');
  }
  return text.endsWith('\n') ? bytes : Buffer.from(`${text}\n`);
};
