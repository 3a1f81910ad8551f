import { Errno } from '../kernel/errno.ts';

/** The text under a key of a tool's input. EINVAL where there is none. */
export const textIn = (input: Readonly<Record<string, unknown>>, key: string): string => {
  const value = input[key];
  if (typeof value !== 'string' || value === '') throw new Errno('EINVAL', `'${key}' is missing: it is a text`);
  return value;
};
