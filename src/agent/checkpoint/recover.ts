import { del, within } from '../../drivers/store/store.ts';
import type { Host } from '../host.ts';
import { unfinishedPrefix } from '../keys.ts';
import { dropCopy, type Unfinished } from './checkpoints.ts';
import { undoFork, type Forking } from './fork.ts';
import { carryOut, type Restoring } from './restore.ts';
import type { Moving } from './moving.ts';
import type { Owner } from './work.ts';

type Parts = Pick<Host, 'store' | 'work'>;

const ends: Record<string, (parts: Parts, value: unknown) => Promise<void>> = {
  checkpoint: (parts, value) => dropCopy(parts, value as Unfinished),
  restore: (parts, value) => carryOut(parts, value as Restoring),
  fork: (parts, value) => undoFork(parts, value as Forking),
  stage: ({ work }: Parts, value: unknown) => work.unstage(value as Owner),
  move: ({ work }, { id, from, to }: Moving) => work.move(id, from, to),
} as Record<string, (parts: Parts, value: unknown) => Promise<void>>;

/**
 * Ends what a crash left in the middle, before any agent is loaded: copies without a name and half forks go, restores
 * that were decided are carried out, directories follow their agents.
 */
export const recoverUnfinished = async (parts: Parts): Promise<void> => {
  for await (const [key, value] of parts.store.range(within(unfinishedPrefix))) {
    const kind = key.slice(unfinishedPrefix.length).split('/', 1)[0]!;
    await ends[kind]!(parts, JSON.parse(Buffer.from(value).toString()));
    await parts.store.batch([del(key)]);
  }
};
