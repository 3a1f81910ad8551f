import { REQUEST } from '../../agent/identity.ts';
import { PROFILE } from '../../agent/profile.ts';
import { hexOf, parseRequest } from '../../agent/key-request.ts';
import { Call, type CallOptions } from '../../files/call.ts';
import { Text } from '../../files/text.ts';
import { Value } from '../../files/value.ts';
import type { AgentContext } from './agent-dir.ts';

/** Bytes of the two spellings with their newline: a stat needs no key. */
const PUBKEY = 65;
const NPUB = 64;

export const pubkey = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, async ({ signal }) => `${(await agent.identity.names(signal)).pubkey}\n`, {
    fixed: true,
    size: PUBKEY,
  });

export const npub = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, async ({ signal }) => `${(await agent.identity.names(signal)).npub}\n`, {
    fixed: true,
    size: NPUB,
  });

export const profile = ({ agent, server }: AgentContext): Value => {
  const kept = agent.identity.profile;
  return new Value(server.world, {
    limit: PROFILE,
    load: () => kept.content,
    stage: async (content) => {
      const stage = await kept.stage(content);
      return {
        publish: () => {
          kept.publish(stage);
          return undefined;
        },
        drop: () => kept.discardStage(stage),
      };
    },
  });
};

const call = ({ agent, server }: AgentContext, name: string, options: Pick<CallOptions, 'usage' | 'submit'>): Call =>
  new Call(server.world, {
    limit: REQUEST,
    failed: (error) => agent.refused(`identity/${name}`, error),
    ...options,
  });

export const sign = (context: AgentContext): Call =>
  call(context, 'sign', {
    usage: `write any bytes, then read their signature, on one descriptor:
  exec 3<>sign; printf %s 'what I say' >&3; cat <&3; exec 3>&-
128 hex digits: BIP-340 over the SHA-256 of the bytes, under the key in pubkey. A newline that is written is signed.
`,
    submit: async (input, signal, { subject }) => `${await context.agent.identity.sign(input, subject, signal)}\n`,
  });

export const verify = (context: AgentContext): Call =>
  call(context, 'verify', {
    usage: `write {"pubkey": "...", "signature": "...", "message": "..."}, then read true or false, on one descriptor.
pubkey: 64 hex digits; signature: 128, BIP-340 over the SHA-256 of the message as UTF-8.
`,
    submit: async (input, signal) => {
      const request = parseRequest(input, ['pubkey', 'signature', 'message']);
      const key = hexOf(request.pubkey, 32, 'pubkey');
      const signature = hexOf(request.signature, 64, 'signature');
      return `${await context.agent.identity.verify(key, signature, request.message, signal)}\n`;
    },
  });

export const encrypt = (context: AgentContext): Call =>
  call(context, 'encrypt', {
    usage: `write {"recipient": "...", "message": "..."}, then read a NIP-44 v2 payload, on one descriptor.
recipient: a public key, 64 hex digits; message: 1 to 65535 bytes of UTF-8.
`,
    submit: async (input, signal, { subject }) => {
      const request = parseRequest(input, ['recipient', 'message']);
      const recipient = hexOf(request.recipient, 32, 'recipient');
      return `${await context.agent.identity.encrypt(recipient, request.message, subject, signal)}\n`;
    },
  });

export const decrypt = (context: AgentContext): Call =>
  call(context, 'decrypt', {
    usage: `write {"sender": "...", "ciphertext": "..."}, then read the message, on one descriptor.
sender: a public key, 64 hex digits; ciphertext: a NIP-44 v2 payload made for the key in pubkey. Nothing is added to
the message, also no newline.
`,
    submit: (input, signal, { subject }) => {
      const request = parseRequest(input, ['sender', 'ciphertext']);
      const sender = hexOf(request.sender, 32, 'sender');
      return context.agent.identity.decrypt(sender, request.ciphertext, subject, signal);
    },
  });
