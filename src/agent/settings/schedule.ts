import { Errno } from '../../kernel/errno.ts';
import { userName } from '../../kernel/name.ts';
import { parseLine } from '../schedule/timing.ts';
import { assertPlain } from './plain.ts';

/** Bytes of one. */
export const SCHEDULE = 131_072;

/** What stands in `schedule/NAME`: EINVAL for a name or a text that is none. */
export const checkSchedule = (name: string, text: string): void => {
  if (!userName.test(name) || name === 'next') {
    throw new Errno('EINVAL', `'${name}' cannot name a schedule: letters, digits, '.', '_', '-', at most 100`);
  }
  assertPlain(text, `the schedule '${name}'`);
  if (Buffer.byteLength(text) > SCHEDULE) throw new Errno('EFBIG', `a schedule has at most ${SCHEDULE} bytes`);
  if (text.trim() === '') throw new Errno('EINVAL', `the schedule '${name}' is empty`);
  // Whether it ever comes due does not depend on when that is asked.
  parseLine(text).timing.first(0);
};
