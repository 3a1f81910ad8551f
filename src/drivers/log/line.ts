import type { Fields, Level } from './log.ts';

/** Longest string written, in characters; what is cut off is counted. */
const MAX_TEXT = 4096;
const MAX_DEPTH = 5;
const MAX_ITEMS = 100;

const secret =
  /(^|[-_.\s])(authorization|cookie|credential|nsec|passphrase|password|secret|token)s?$|(api|private|secret|signing)[-_]?key$/i;

const words = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1_$2');

/** `name` is the field the value stands under. */
const plain = (name: string, value: unknown, depth: number): unknown => {
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null) return value;
  if (secret.test(words(name))) return '[secret]';
  if (typeof value === 'string')
    return value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}... (${value.length} characters)`;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return undefined;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  if (depth >= MAX_DEPTH) return '...';
  if (value instanceof Error) return errorFields(value, depth);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => plain('', item, depth + 1));
  return object(value as Fields, depth + 1);
};

const object = (fields: Fields, depth: number): Fields =>
  Object.fromEntries(
    Object.entries(fields)
      .slice(0, MAX_ITEMS)
      .map(([name, value]) => [name, plain(name, value, depth)]),
  );

/** The stack is for the journal only; people see one line. */
const errorFields = (error: Error, depth: number): Fields => {
  const { code, path, op } = error as { code?: unknown; path?: unknown; op?: unknown };
  const { message, stack, cause } = error;
  return object({ message, code, path, op, stack, cause }, depth + 1);
};

/** One record as a line of JSON: time, level, message, then the fields. `time` is milliseconds since the epoch. */
export const line = (time: number, level: Level, message: string, fields: Fields = {}): string =>
  `${JSON.stringify({ time: new Date(time).toISOString(), level, message, ...object(fields, 0) })}\n`;
