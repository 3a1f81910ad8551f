import { hash } from 'node:crypto';
import { Errno } from '../kernel/errno.ts';
import { LOGIN } from '../kernel/login.ts';
import { nameOf, type Subject } from '../kernel/subject.ts';
import { timeText } from '../drivers/clock/clock.ts';
import type { Names } from '../drivers/keys/keys.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import { Profile } from './profile.ts';
import { permitted } from './permitted.ts';

/** Bytes of one request. */
export const REQUEST = 1024 * 1024;

const login = Buffer.from(LOGIN);

/** How an event is serialised for its id (NIP-01), however a JSON parser would let it be spaced. */
const EVENT = /^\ufeff?\s*\[\s*0\s*,/;
const KIND = /^\ufeff?\s*\[\s*0\s*,\s*"[^"]*"\s*,\s*\d+\s*,\s*(\d+)\s*,/;
/** What comes before the kind takes no more bytes. */
const BEFORE = 256;

/** The kind of an event that is serialised for its id; '' where it cannot be seen, undefined where it is no event. */
const eventKind = (message: Uint8Array): string | undefined => {
  const start = Buffer.from(message.subarray(0, BEFORE)).toString();
  return EVENT.test(start) ? (KIND.exec(start)?.[1] ?? '') : undefined;
};

/** One agent's key, and what is done with it; and how it shows itself. The secret is nowhere here. */
export class Identity {
  readonly profile: Profile;
  readonly #agent: Agent;
  readonly #host: Host;
  #names: Names | undefined;

  constructor(agent: Agent, host: Host) {
    this.profile = new Profile(agent, host);
    this.#agent = agent;
    this.#host = host;
  }

  /** The public key. Waits for a key that is being made, changes nothing. ENOKEY where there is none. */
  async names(signal: AbortSignal): Promise<Names> {
    if (this.#names) return this.#names;
    const { keys } = this.#host.identities;
    return (this.#names = await keys.names(await this.#key(signal), signal));
  }

  /**
   * 128 hex digits: BIP-340 over the SHA-256 of the bytes. EPERM for the form that logs in over 9P, and for a Nostr event
   * without the permission `publish`.
   */
  async sign(message: Uint8Array, subject: Subject, signal: AbortSignal): Promise<string> {
    this.#assertMaySign(message);
    const signature = await this.#host.identities.keys.sign(await this.#key(signal), message, signal);
    await this.#record('sign', subject, { sha256: hash('sha256', message), bytes: message.length });
    return signature;
  }

  /** Needs no key. `message` as UTF-8. */
  async verify(pubkey: string, signature: string, message: string, signal: AbortSignal): Promise<boolean> {
    return this.#host.identities.keys.verify(pubkey, signature, Buffer.from(message), signal);
  }

  /** The NIP-44 v2 payload. EINVAL for what is no public key, and for an empty or too long message. */
  async encrypt(recipient: string, message: string, subject: Subject, signal: AbortSignal): Promise<string> {
    const { keys } = this.#host.identities;
    const payload = await keys.encrypt(await this.#key(signal), recipient, message, signal);
    await this.#record('encrypt', subject, { recipient, bytes: Buffer.byteLength(message) });
    return payload;
  }

  /** EINVAL for what is no public key or no payload, EBADMSG where it was not made for these two keys. */
  async decrypt(sender: string, ciphertext: string, subject: Subject, signal: AbortSignal): Promise<string> {
    const { keys } = this.#host.identities;
    const message = await keys.decrypt(await this.#key(signal), sender, ciphertext, signal);
    await this.#record('decrypt', subject, { sender, bytes: Buffer.byteLength(message) });
    return message;
  }

  #key(signal: AbortSignal): ReturnType<Host['identities']['key']> {
    return this.#host.identities.key(this.#agent.id, signal);
  }

  #assertMaySign(message: Uint8Array): void {
    if (login.equals(message.subarray(0, login.length))) {
      throw new Errno('EPERM', 'what logs in over 9P is never signed here');
    }
    const kind = eventKind(message);
    if (kind === undefined) return;
    const { permissions } = this.#agent.settings.get();
    if (permitted(permissions, 'publish', kind) !== 'allow') {
      throw new Errno('EPERM', "this is a Nostr event: to sign it policy/permissions must say 'allow publish KIND'");
    }
  }

  /** What the key was used for, and for whom, without the content. On disk before anybody has the answer. */
  async #record(act: 'sign' | 'encrypt' | 'decrypt', subject: Subject, fields: object): Promise<void> {
    const agent = this.#agent;
    if (agent.gone) throw new Errno('ESTALE', `the agent '${agent.name}' is gone`);
    const by = nameOf(subject);
    agent.trajectory.append({
      time: timeText(this.#host.clock.now()),
      tick: agent.record.tick,
      cause: 'call',
      type: 'act',
      act: `identity.${act}`,
      by,
      ...fields,
    });
    this.#host.event(`identity.${act}`, agent.name, { by, ...fields });
    await this.#host.commit([agent.save()], agent.journals);
  }
}
