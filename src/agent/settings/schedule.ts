import { Errno } from '../../kernel/errno.ts';
import { userName } from '../../kernel/name.ts';
import { assertPlain } from './plain.ts';

/** What stands in `schedule/NAME`: EINVAL for a name or a text that is none. */
export const checkSchedule = (name: string, text: string): void => {
  if (!userName.test(name)) {
    throw new Errno('EINVAL', `'${name}' cannot name a schedule: letters, digits, '.', '_', '-', at most 100`);
  }
  assertPlain(text, `the schedule '${name}'`);
  if (text.trim() === '') throw new Errno('EINVAL', `the schedule '${name}' is empty`);
};
