import { cron } from '../../drivers/cron/cron.ts';
import { Errno } from '../../kernel/errno.ts';
import { parseDuration } from '../duration.ts';

/** Milliseconds: the shortest and the longest interval. */
const SHORTEST = 1_000;
const LONGEST = 10_000 * 86_400_000;
const zoneOf = /^(?:CRON_)?TZ=(.*)$/;

/** When: as it is written, and what follows from it. */
export interface Timing {
  /** `every 15m`, `0 9 * * *`, `at 2030-01-01T00:00:00Z`. */
  readonly says: string;
  /** Comes due once and never again. */
  readonly once: boolean;
  /** The first time, for a schedule that is written now. EINVAL when there is none. */
  first(now: number): number;
  /** The next time after `now`, of one that came due at `due`; undefined: never. */
  next(due: number, now: number): number | undefined;
}

export interface Line {
  readonly timing: Timing;
  readonly message: string;
}

/**
 * A schedule as it is written: when, a blank, the message; or the message on the lines that follow. EINVAL, naming what
 * is wrong.
 */
export const parseLine = (text: string): Line => {
  const [first = '', ...rest] = text.split('\n');
  const words = first.trim().split(/\s+/);
  const [count, timing] = read(words);
  const own = first.trim().replace(new RegExp(`^(?:\\S+\\s*){${count}}`), '');
  const message = [...(own === '' ? [] : [own]), ...rest].join('\n').replace(/^\n+/, '').trimEnd();
  if (message === '') throw new Errno('EINVAL', `'${timing.says}' is when; what is missing is the message after it`);
  return { timing, message: `${message}\n` };
};

const read = (words: readonly string[]): [words: number, Timing] => {
  const [word = ''] = words;
  if (word === 'every') return [2, every(words[1] ?? '')];
  if (word === 'at') return [2, at(words[1] ?? '')];
  const zone = zoneOf.exec(word)?.[1];
  const from = zone === undefined ? 0 : 1;
  const nickname = words[from]?.startsWith('@') ?? false;
  const fields = words.slice(from, from + (nickname ? 1 : 5));
  if (!nickname && (fields.length < 5 || !/^[\d*?]/.test(fields[0]!))) {
    throw new Errno(
      'EINVAL',
      `a schedule begins with every DURATION, at TIME, or the five fields of cron, not '${word}'`,
    );
  }
  return [from + fields.length, cronTiming(fields.join(' '), zone)];
};

const every = (text: string): Timing => {
  const interval = parseDuration(text);
  if (interval === undefined) throw new Errno('EINVAL', `'${text}' is no duration: a number with d, h, m or s, as 15m`);
  if (interval < SHORTEST || interval > LONGEST) {
    throw new Errno('EINVAL', `every ${text}: from 1s to 10000d`);
  }
  return {
    says: `every ${text}`,
    once: false,
    first: (now) => now + interval,
    // In step with the times before, however many of them were missed.
    next: (due, now) => due + Math.max(1, Math.floor((now - due) / interval) + 1) * interval,
  };
};

const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

const at = (text: string): Timing => {
  const time = form.test(text) ? Date.parse(text) : NaN;
  // Date.parse takes the 30th of February for the 1st of March.
  const day = Number.isNaN(time) ? '' : new Date(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)).toISOString();
  if (time < 0 || day.slice(0, 10) !== text.slice(0, 10)) {
    throw new Errno('EINVAL', `'${text}' is no time: as 2030-01-31T09:00:00Z, from 1970 to 9999`);
  }
  return { says: `at ${text}`, once: true, first: () => time, next: () => undefined };
};

const cronTiming = (line: string, zone: string | undefined): Timing => {
  const parsed = cron(line, zone);
  const says = zone === undefined ? line : `TZ=${zone} ${line}`;
  return {
    says,
    once: false,
    first: (now) => {
      const first = parsed.next(now);
      if (first === undefined) throw new Errno('EINVAL', `the cron line '${line}' never comes due`);
      return first;
    },
    next: (due, now) => parsed.next(Math.max(due, now)),
  };
};
