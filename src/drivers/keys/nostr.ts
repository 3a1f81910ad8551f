import { hash } from 'node:crypto';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { generateSecretKey } from 'nostr-tools/pure';
import { npubEncode } from 'nostr-tools/nip19';
import { v2 } from 'nostr-tools/nip44';
import { Errno } from '../../kernel/errno.ts';
import type { Names } from './keys.ts';

// Nothing a library says reaches an error of ours: it could quote what it was given.

/** Bytes of a message NIP-44 v2 takes, and characters of the payload of the longest. */
const LONGEST = 65_535;
/** Version, nonce, the shortest padded message with its length, MAC. */
const SHORTEST = 1 + 32 + 2 + 32 + 32;
const SHORTEST_PAYLOAD = 132;
const LONGEST_PAYLOAD = 87_472;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
const ofHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(hash('sha256', bytes, 'buffer'));

export const newSecret = generateSecretKey;

export const namesOf = (secret: Uint8Array): Names => {
  const pubkey = hex(schnorr.getPublicKey(secret));
  return { pubkey, npub: npubEncode(pubkey) };
};

/** BIP-340 over 32 bytes or any others. `auxiliary`: 32 random bytes; fresh ones where absent. */
export const signRaw = (secret: Uint8Array, message: Uint8Array, auxiliary?: Uint8Array): string =>
  hex(schnorr.sign(message, secret, auxiliary));

export const verifyRaw = (pubkey: string, signature: string, message: Uint8Array): boolean => {
  try {
    return schnorr.verify(ofHex(signature), message, ofHex(pubkey));
  } catch {
    return false;
  }
};

export const sign = (secret: Uint8Array, message: Uint8Array): string => signRaw(secret, sha256(message));

export const verify = (pubkey: string, signature: string, message: Uint8Array): boolean =>
  verifyRaw(pubkey, signature, sha256(message));

/** What two keys have in common. EINVAL for a public key that is no point; `member` names it. */
export const conversationKey = (secret: Uint8Array, pubkey: string, member: string): Uint8Array => {
  try {
    secp256k1.Point.fromHex(`02${pubkey}`).assertValidity();
  } catch {
    throw new Errno('EINVAL', `${member}: no public key: there is no such point on the curve`);
  }
  return v2.utils.getConversationKey(secret, pubkey);
};

/** `nonce`: 32 bytes, for published vectors only; fresh ones where absent. */
export const encrypt = (conversation: Uint8Array, message: string, nonce?: Uint8Array): string => {
  const length = Buffer.byteLength(message);
  if (length < 1 || length > LONGEST) {
    throw new Errno('EINVAL', `message: it has ${length} bytes; NIP-44 takes 1 to ${LONGEST}`);
  }
  return v2.encrypt(message, conversation, nonce);
};

export const decrypt = (conversation: Uint8Array, payload: string): string => {
  const refused = (why: string): never => {
    throw new Errno('EINVAL', `ciphertext: ${why}`);
  };
  if (payload.startsWith('#')) refused('a version of encryption that is not known here');
  if (payload.length < SHORTEST_PAYLOAD || payload.length > LONGEST_PAYLOAD) {
    refused(`it has ${payload.length} characters; a NIP-44 payload has ${SHORTEST_PAYLOAD} to ${LONGEST_PAYLOAD}`);
  }
  // Buffer reads over what is no base64, so what it read is written again and compared.
  const bytes = Buffer.from(payload, 'base64');
  if (bytes.toString('base64') !== payload) refused('no base64');
  if (bytes.length < SHORTEST) refused(`it has ${bytes.length} bytes; a NIP-44 payload has at least ${SHORTEST}`);
  if (bytes[0] !== 2) refused(`version ${bytes[0]} of encryption is not known here`);
  try {
    return v2.decrypt(payload, conversation);
  } catch {
    throw new Errno('EBADMSG', 'ciphertext: it was not made for these two keys, or was changed on the way');
  }
};
