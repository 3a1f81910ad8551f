/**
 * The agents' Nostr keys. Secrets are in here only as they are stored: sealed, for the agent with that number. What opens
 * them does not leave the implementation.
 */
export interface Keys {
  /** Tells one server key from another and nothing else of it: hex. */
  readonly mark: string;
  /** A new secret key for each of these agents, sealed. */
  generate(agents: readonly number[], signal: AbortSignal): Promise<Uint8Array[]>;
  /** What the world may know of a sealed one. */
  names(key: SealedKey, signal: AbortSignal): Promise<Names>;
  /** 128 hex digits: BIP-340 over the SHA-256 of the bytes. */
  sign(key: SealedKey, message: Uint8Array, signal: AbortSignal): Promise<string>;
  /** Whether the signature over the SHA-256 of the bytes holds. A public key that is no point makes none hold. */
  verify(pubkey: string, signature: string, message: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** The NIP-44 v2 payload. EINVAL for a recipient that is no point, and for less than 1 or more than 65,535 bytes. */
  encrypt(key: SealedKey, recipient: string, message: string, signal: AbortSignal): Promise<string>;
  /** EINVAL for a sender that is no point or what is no payload, EBADMSG where its MAC or padding does not hold. */
  decrypt(key: SealedKey, sender: string, ciphertext: string, signal: AbortSignal): Promise<string>;
  /** Ends what works on it; what waits fails with ESTALE. The server key is gone from memory. */
  close(): Promise<void>;
}

/** A public key, x only (BIP-340), in its two spellings. */
export interface Names {
  /** 64 hex digits. */
  readonly pubkey: string;
  /** Bech32 (NIP-19). */
  readonly npub: string;
}

/** All of Keys may fail with EAGAIN (too much waits), EINTR (the signal), EBADMSG (not sealed for this agent by this server). */
export interface SealedKey {
  readonly agent: number;
  readonly sealed: Uint8Array;
}
