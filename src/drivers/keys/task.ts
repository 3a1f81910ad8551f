import type { Code } from '../../kernel/errno.ts';
import type { Names, SealedKey } from './keys.ts';

/** What goes to the thread. */
export type Task =
  | { readonly do: 'generate'; readonly agents: readonly number[] }
  | { readonly do: 'names'; readonly key: SealedKey }
  | { readonly do: 'sign'; readonly key: SealedKey; readonly message: Uint8Array }
  | { readonly do: 'verify'; readonly pubkey: string; readonly signature: string; readonly message: Uint8Array }
  | { readonly do: 'encrypt'; readonly key: SealedKey; readonly recipient: string; readonly message: string }
  | { readonly do: 'decrypt'; readonly key: SealedKey; readonly sender: string; readonly ciphertext: string };

export interface TaskResults {
  generate: Uint8Array[];
  names: Names;
  sign: string;
  verify: boolean;
  encrypt: string;
  decrypt: string;
}

/** What comes back. */
export type Outcome = { readonly result: TaskResults[Task['do']] } | { readonly code: Code; readonly message: string };
