/** `key value` lines for people, in the order of the keys. An empty value leaves the key alone on its line. */
export const lines = (record: Readonly<Record<string, unknown>>): string =>
  Object.entries(record)
    .map(([key, value]) => `${key} ${plain(value)}`.trimEnd() + '\n')
    .join('');

/** The same for programs. */
export const json = (record: unknown): string => `${JSON.stringify(record, undefined, 2)}\n`;

const plain = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.replace(/\s+/g, ' ');
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${plain(inner)}`)
    .join(', ');
};

/** Whole seconds as a duration with its unit: `42s`, `3m10s`, `5h2m`, `2d4h`. */
export const duration = (milliseconds: number): string => {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  let rest = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: string[] = [];
  for (const [unit, seconds] of units) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join('') || '0s';
};
