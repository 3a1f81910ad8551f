const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const order = Object.keys(units) as (keyof typeof units)[];

/** The longest there is: 10,000 days. */
const LONGEST = 10_000 * units.d;

/**
 * Milliseconds of `90s`, `1h30m`, `250ms`: numbers with their units, the larger unit first, each at most once. Undefined
 * for anything else, a bare number included, and for more than 10,000 days.
 */
export const parseDuration = (text: string): number | undefined => {
  if (!/^(?:\d{1,12}(?:ms|[dhms]))+$/.test(text)) return undefined;
  let total = 0;
  let next = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) {
    const at = order.indexOf(unit as keyof typeof units);
    if (at < next) return undefined;
    next = at + 1;
    total += Number(digits) * units[order[at]!];
  }
  return total <= LONGEST ? total : undefined;
};

/** The other way round, without loss: `1h30m`. Zero is `0s`. */
export const formatDuration = (ms: number): string => {
  let rest = ms;
  const parts = order.map((unit) => {
    const count = Math.floor(rest / units[unit]);
    rest -= count * units[unit];
    return count > 0 ? `${count}${unit}` : '';
  });
  return parts.join('') || '0s';
};
