import { workerData } from 'node:worker_threads';
import { Errno } from '../../kernel/errno.ts';
import { conversationKey, decrypt, encrypt, namesOf, newSecret, sign, verify } from './nostr.ts';
import { ready, seal, unsealed, wipe } from './seal.ts';
import type { Outcome, Task, TaskResults } from './task.ts';

// Runs in a thread of its own: a signature takes milliseconds, and loading what makes one a tenth of a second.

const { serverKey } = workerData as { serverKey: Uint8Array };

const withConversation = <T>(secret: Uint8Array, other: string, member: string, use: (key: Uint8Array) => T): T => {
  const conversation = conversationKey(secret, other, member);
  try {
    return use(conversation);
  } finally {
    wipe(conversation);
  }
};

const fresh = (agent: number): Uint8Array => {
  const secret = newSecret();
  try {
    return seal(secret, agent, serverKey);
  } finally {
    wipe(secret);
  }
};

const work = (task: Task): TaskResults[Task['do']] => {
  if (task.do === 'generate') return task.agents.map(fresh);
  if (task.do === 'verify') return verify(task.pubkey, task.signature, task.message);
  const { agent, sealed } = task.key;
  return unsealed(sealed, agent, serverKey, (secret) => {
    switch (task.do) {
      case 'names':
        return namesOf(secret);
      case 'sign':
        return sign(secret, task.message);
      case 'encrypt':
        return withConversation(secret, task.recipient, 'recipient', (key) => encrypt(key, task.message));
      case 'decrypt':
        return withConversation(secret, task.sender, 'sender', (key) => decrypt(key, task.ciphertext));
    }
  });
};

/** Errors do not keep their code between threads, so they go as data; what is none of ours goes without its words. */
export default async (task: Task): Promise<Outcome> => {
  await ready;
  try {
    return { result: work(task) };
  } catch (error) {
    if (error instanceof Errno) return { code: error.code, message: error.message };
    return { code: 'EIO', message: `${task.do}: ${(error as Error).name}` };
  }
};
