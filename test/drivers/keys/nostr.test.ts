import test from 'ava';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decode } from 'nostr-tools/nip19';
import { Errno } from '../../../src/kernel/errno.ts';
import {
  conversationKey,
  decrypt,
  encrypt,
  namesOf,
  newSecret,
  sign,
  signRaw,
  verify,
  verifyRaw,
} from '../../../src/drivers/keys/nostr.ts';

const ofHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

const schnorr = readFileSync('fixtures/nostr/bip340.csv', 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','));

test('there are all nineteen vectors of BIP-340', (t) => {
  t.deepEqual(
    schnorr.map(([index]) => Number(index)),
    [...Array(19).keys()],
  );
});

for (const [index, secret, pubkey, auxiliary, message, signature, result, comment] of schnorr) {
  test(`BIP-340 vector ${index} ${comment}`, (t) => {
    if (secret) {
      t.is(namesOf(ofHex(secret)).pubkey, pubkey!.toLowerCase());
      t.is(signRaw(ofHex(secret), ofHex(message!), ofHex(auxiliary!)), signature!.toLowerCase());
    }
    t.is(verifyRaw(pubkey!, signature!, ofHex(message!)), result === 'TRUE');
  });
}

interface Nip44 {
  readonly valid: {
    readonly get_conversation_key: readonly { sec1: string; pub2: string; conversation_key: string }[];
    readonly get_message_keys?: object;
    readonly calc_padded_len: readonly [number, number][];
    readonly encrypt_decrypt: readonly {
      sec1: string;
      sec2: string;
      conversation_key: string;
      nonce: string;
      plaintext: string;
      payload: string;
    }[];
    readonly encrypt_decrypt_long_msg?: readonly {
      conversation_key: string;
      nonce: string;
      pattern: string;
      repeat: number;
      plaintext_sha256: string;
      payload_sha256: string;
    }[];
  };
  readonly invalid: {
    readonly encrypt_msg_lengths: readonly number[];
    readonly get_conversation_key: readonly { sec1: string; pub2: string; note: string }[];
    readonly decrypt?: readonly { conversation_key: string; payload: string; note: string }[];
  };
}

/** The form of the published file, so that the whole of it can be run too. */
const { v2 } = JSON.parse(readFileSync(process.env['NIP44_VECTORS'] ?? 'fixtures/nostr/nip44.json', 'utf8')) as {
  v2: Nip44;
};
const sha256 = (text: string): string => hash('sha256', text);

for (const [at, { sec1, pub2, conversation_key }] of v2.valid.get_conversation_key.entries()) {
  test(`NIP-44 conversation key ${at}`, (t) => {
    t.is(Buffer.from(conversationKey(ofHex(sec1), pub2, 'recipient')).toString('hex'), conversation_key);
  });
}

test('NIP-44: how long a payload is says no more than the published steps', (t) => {
  const conversation = ofHex(v2.valid.encrypt_decrypt[0]!.conversation_key);
  for (const [length, padded] of v2.valid.calc_padded_len) {
    // Two bytes more is a size this version has not.
    if (length > 65_535) continue;
    const payload = Buffer.from(encrypt(conversation, 'x'.repeat(length)), 'base64');
    t.is(payload.length, 1 + 32 + 2 + padded + 32, `${length}`);
  }
});

for (const [at, vector] of v2.valid.encrypt_decrypt.entries()) {
  test(`NIP-44 message ${at}: ${vector.plaintext.slice(0, 20)}`, (t) => {
    const { pubkey } = namesOf(ofHex(vector.sec2));
    const conversation = conversationKey(ofHex(vector.sec1), pubkey, 'recipient');
    t.is(Buffer.from(conversation).toString('hex'), vector.conversation_key);
    t.is(encrypt(conversation, vector.plaintext, ofHex(vector.nonce)), vector.payload);
    t.is(decrypt(conversation, vector.payload), vector.plaintext);
  });
}

for (const vector of v2.valid.encrypt_decrypt_long_msg ?? []) {
  test(`NIP-44 message of ${vector.pattern} times ${vector.repeat}`, (t) => {
    const plaintext = vector.pattern.repeat(vector.repeat);
    t.is(sha256(plaintext), vector.plaintext_sha256);
    const payload = encrypt(ofHex(vector.conversation_key), plaintext, ofHex(vector.nonce));
    t.is(sha256(payload), vector.payload_sha256);
    t.is(decrypt(ofHex(vector.conversation_key), payload), plaintext);
  });
}

for (const length of v2.invalid.encrypt_msg_lengths) {
  test(`NIP-44 takes no message of ${length} bytes`, (t) => {
    t.throws(() => encrypt(new Uint8Array(32).fill(7), 'x'.repeat(length)), { code: 'EINVAL' });
  });
}

for (const { sec1, pub2, note } of v2.invalid.get_conversation_key) {
  test(`NIP-44 has no conversation key: ${note} ${pub2}`, (t) => {
    t.throws(() => conversationKey(ofHex(sec1), pub2, 'recipient'));
  });
}

for (const { conversation_key, payload, note } of v2.invalid.decrypt ?? []) {
  test(`NIP-44 refuses ${note} ${sha256(payload).slice(0, 8)}`, (t) => {
    const error = t.throws(() => decrypt(ofHex(conversation_key), payload), { instanceOf: Errno });
    t.true(error.code === (/MAC|padding/i.test(note) ? 'EBADMSG' : 'EINVAL') || /mac length|nonce/.test(note), note);
  });
}

const key = new Uint8Array(32).fill(7);

/** A payload with something done to its bytes. */
const altered = (change: (bytes: Buffer) => Buffer): string => {
  const bytes = Buffer.from(encrypt(key, 'n o b l e'), 'base64');
  return change(bytes).toString('base64');
};

const refusals: readonly [what: string, code: string, payload: string][] = [
  ['nothing', 'EINVAL', ''],
  ['a version of the future', 'EINVAL', `#${encrypt(key, 'a').slice(1)}`],
  ['version 0', 'EINVAL', altered((bytes) => Buffer.concat([Buffer.of(0), bytes.subarray(1)]))],
  ['version 1', 'EINVAL', altered((bytes) => Buffer.concat([Buffer.of(1), bytes.subarray(1)]))],
  ['what is no base64', 'EINVAL', encrypt(key, 'a').replace(/.{4}$/, '!!!!')],
  ['base64 with a newline', 'EINVAL', `${encrypt(key, 'a')}\n`],
  ['base64 for addresses', 'EINVAL', 'Ag-_'.repeat(40)],
  ['a letter that is not ASCII', 'EINVAL', encrypt(key, 'a').replace(/^..../, 'Agф=')],
  ['98 bytes', 'EINVAL', altered((bytes) => bytes.subarray(0, 98))],
  ['a MAC of zeros', 'EBADMSG', altered((bytes) => Buffer.concat([bytes.subarray(0, -32), Buffer.alloc(32)]))],
  [
    'a nonce of another',
    'EBADMSG',
    altered((bytes) => Buffer.concat([Buffer.of(2), Buffer.alloc(32), bytes.subarray(33)])),
  ],
  ['one bit of the text', 'EBADMSG', altered((bytes) => bytes.fill(bytes[40]! ^ 1, 40, 41))],
  ['more than the longest', 'EINVAL', 'A'.repeat(87_476)],
  ['another key', 'EBADMSG', encrypt(new Uint8Array(32).fill(8), 'a')],
];

for (const [what, code, payload] of refusals) {
  test(`NIP-44 refuses ${what}`, (t) => {
    t.throws(() => decrypt(key, payload), { code });
  });
}

test('a signature is over the SHA-256 of the bytes', (t) => {
  const secret = newSecret();
  const { pubkey } = namesOf(secret);
  const message = Buffer.from('what I say');
  const signature = sign(secret, message);
  t.true(verify(pubkey, signature, message));
  t.true(verifyRaw(pubkey, signature, ofHex(hash('sha256', message))));
  t.false(verify(pubkey, signature, Buffer.from('what I say\n')));
  t.not(sign(secret, message), signature, 'with fresh auxiliary bytes each time');
});

test('an npub is what NIP-19 says', (t) => {
  // The example of NIP-19.
  const secret = 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5';
  const { data } = decode(secret) as { data: Uint8Array };
  t.is(Buffer.from(data).toString('hex'), '67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa');
  t.is(namesOf(data).pubkey, '7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e');
  t.is(namesOf(data).npub, 'npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg');
});
