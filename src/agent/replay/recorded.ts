import { Errno } from '../../kernel/errno.ts';
import type { Perceived } from '../../drivers/model/model.ts';
import { join } from '../parts.ts';

/** A record of a trajectory, whole. */
export interface Recorded {
  readonly seq: number;
  readonly time: string;
  readonly tick: number;
  readonly cause: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

/** What an agent does, what is done to it, and what ends a replay. */
const acted = new Set(['phase', 'model', 'tool', 'error', 'message', 'discarded', 'requested', 'abort', 'transition']);
const more = new Set(['renamed', 'settings', 'restore', 'recovery', 'broken']);

/**
 * Records that are not looked at: what was perceived, which is given; and changes of what an agent has (goals, checkpoints,
 * the use of its key) that act on it only by being perceived, or by the messages they make.
 */
export const given = ({ type }: Recorded): boolean => !acted.has(type) && !more.has(type);

/** The records of a trajectory, parts put together. EINVAL for a line that is none, naming it. */
export const recordsOf = (text: string): Recorded[] => {
  const lines = text.split('\n').filter((line) => line !== '');
  const records = lines.map((line, index) => {
    try {
      return JSON.parse(line) as Recorded;
    } catch (cause) {
      throw new Errno('EINVAL', `line ${index + 1} is not a record`, { cause });
    }
  });
  return [...join(records)];
};

/** By its digest, each text that was perceived. */
export const textsOf = (records: readonly Recorded[]): Map<string, Perceived> =>
  new Map(
    records
      .filter(({ type }) => type === 'perceived')
      .map((record) => {
        const { kind, path, text } = record as unknown as Perceived;
        return [String(record['digest']), { kind, path, text }];
      }),
  );
