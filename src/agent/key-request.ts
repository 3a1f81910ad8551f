import { Errno } from '../kernel/errno.ts';
import { lone } from '../kernel/name.ts';
import { decode } from '../kernel/utf8.ts';

/**
 * A request in JSON: an object with exactly these members, all strings. EINVAL names the member, and never quotes what
 * was sent: it may be a secret of the sender's.
 */
export const parseRequest = <M extends string>(input: Uint8Array, members: readonly M[]): Record<M, string> => {
  const form = `{${members.map((member) => `"${member}": "..."`).join(', ')}}`;
  const refused = (why: string): never => {
    throw new Errno('EINVAL', `${why}; it must be ${form}`);
  };
  const text = decode(input);
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    refused('the request is not JSON');
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) refused('the request is no object');
  const given = request as Record<string, unknown>;
  for (const member of Object.keys(given)) {
    if (!(members as readonly string[]).includes(member)) refused('the request has a member that is not known');
  }
  for (const member of members) {
    if (!Object.hasOwn(given, member)) refused(`${member}: missing`);
    const value = given[member];
    if (typeof value !== 'string') refused(`${member}: no string`);
    if (lone.test(value as string)) refused(`${member}: half of a surrogate pair, which UTF-8 has not`);
  }
  return given as Record<M, string>;
};

/** Hex digits of so many bytes, in lower case. EINVAL. */
export const hexOf = (value: string, bytes: number, member: string): string => {
  if (value.length !== bytes * 2 || !/^[0-9a-fA-F]*$/.test(value)) {
    throw new Errno('EINVAL', `${member}: not ${bytes * 2} hex digits`);
  }
  return value.toLowerCase();
};
