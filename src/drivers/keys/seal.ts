import sodium from 'libsodium-wrappers-sumo';
import { Errno } from '../../kernel/errno.ts';

// A secret key as it is stored: a version byte, 24 bytes of nonce, XChaCha20-Poly1305 of the 32 bytes under the server's
// key. Whose it is stands in the additional data, so that one agent's key cannot be put in another's place.

const VERSION = 1;
const NONCE = 24;
const SECRET = 32;
const TAG = 16;
export const SEALED = 1 + NONCE + SECRET + TAG;

/** Resolves when the functions here may be called. */
export const ready = sodium.ready;

const owner = (agent: number): string => `weft agent key ${VERSION}\n${agent}`;

export const seal = (secret: Uint8Array, agent: number, serverKey: Uint8Array): Uint8Array => {
  const nonce = sodium.randombytes_buf(NONCE);
  const box = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(secret, owner(agent), null, nonce, serverKey);
  const sealed = new Uint8Array(SEALED);
  sealed[0] = VERSION;
  sealed.set(nonce, 1);
  sealed.set(box, 1 + NONCE);
  return sealed;
};

/** Lends the secret to `use` and wipes it. EBADMSG where it was not sealed for this agent under this key. */
export const unsealed = <T>(
  sealed: Uint8Array,
  agent: number,
  serverKey: Uint8Array,
  use: (secret: Uint8Array) => T,
): T => {
  let secret: Uint8Array;
  try {
    if (sealed.length !== SEALED || sealed[0] !== VERSION) throw new RangeError('another form');
    const nonce = sealed.subarray(1, 1 + NONCE);
    secret = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      sealed.subarray(1 + NONCE),
      owner(agent),
      nonce,
      serverKey,
    );
  } catch {
    throw new Errno('EBADMSG', "the agent's key was not sealed for it under this server's key");
  }
  try {
    return use(secret);
  } finally {
    wipe(secret);
  }
};

export const wipe = (bytes: Uint8Array): void => sodium.memzero(bytes);
