import { del, put, type Operation } from '../../drivers/store/store.ts';
import type { Host } from '../host.ts';
import { unfinishedKey } from '../keys.ts';

/** A work/ directory that is about to have another name, because its agent has. */
export interface Moving {
  readonly id: number;
  readonly from: string;
  readonly to: string;
}

/** For the batch that gives an agent another name: whatever happens, its directory follows. */
export const moving = (move: Moving): Operation =>
  put(unfinishedKey('move', move.id), Buffer.from(JSON.stringify(move)));

/** After that batch. */
export const move = async ({ store, work }: Pick<Host, 'store' | 'work'>, { id, from, to }: Moving): Promise<void> => {
  await work.move(id, from, to);
  await store.batch([del(unfinishedKey('move', id))], { sync: false });
};
