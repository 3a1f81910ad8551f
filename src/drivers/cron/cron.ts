import { Cron as Croner } from 'croner';
import { Errno } from '../../kernel/errno.ts';

/** The five fields, as they are named in errors, with what they take. */
const fields = [
  ['minute', '0 to 59'],
  ['hour', '0 to 23'],
  ['day', '1 to 31'],
  ['month', '1 to 12'],
  ['weekday', '0 to 7'],
] as const;

/** A cron line: when it comes due next. */
export interface Cron {
  /** Milliseconds of the first time after this one; undefined: it never comes due again. */
  next(after: number): number | undefined;
}

/** Very many agents have the same few lines, and come due at the same few times: a search costs half a millisecond. */
const RECENT = 256;
const recent = new Map<string, Cron>();

/**
 * Five fields (minute hour day month weekday, as crontab(5): where day and weekday are both given, either is enough) or a
 * nickname such as `@daily`. `zone` is a name of the IANA database. EINVAL, saying what is wrong.
 */
export const cron = (line: string, zone = 'UTC'): Cron => {
  const key = `${zone} ${line}`;
  const known = recent.get(key);
  if (known) return known;
  const made = parse(line, zone);
  if (recent.size >= RECENT) recent.delete(recent.keys().next().value!);
  recent.set(key, made);
  return made;
};

const parse = (line: string, zone: string): Cron => {
  assertZone(zone);
  let parsed: Croner;
  try {
    parsed = new Croner(line, { timezone: zone, paused: true, mode: '5-part' });
  } catch (cause) {
    throw new Errno('EINVAL', `the cron line '${line}': ${reasonOf(line, cause as Error)}`, { cause });
  }
  let last: { after: number; next: number | undefined } | undefined;
  return {
    next: (after) => {
      if (last?.after !== after) last = { after, next: parsed.nextRun(new Date(after))?.getTime() };
      return last.next;
    },
  };
};

const assertZone = (zone: string): void => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch (cause) {
    throw new Errno('EINVAL', `there is no time zone '${zone}'`, { cause });
  }
};

/** The library counts months and the parts of a line from 0. */
const reasonOf = (line: string, { message }: Error): string => {
  const wrong = /Invalid value for (minute|hour|day|month|dayOfWeek)\b/.exec(message)?.[1];
  const index = fields.findIndex(([name]) => name === (wrong === 'dayOfWeek' ? 'weekday' : wrong));
  const field = fields[index];
  if (field) return `${line.split(/\s+/)[index] ?? ''} is no ${field[0]}: ${field[1]}`;
  const entry = /configuration entry (\d)/.exec(message)?.[1];
  const illegal = entry === undefined ? undefined : fields[Number(entry) - 1];
  if (illegal) return `${line.split(/\s+/)[Number(entry) - 1] ?? ''} is no ${illegal[0]}: ${illegal[1]}`;
  return message.replace(/^CronPattern: /, '');
};
