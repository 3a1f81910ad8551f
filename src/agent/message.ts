import { Errno } from '../kernel/errno.ts';
import { timeText } from '../drivers/clock/clock.ts';
import { originText, senderOf, trustOf, type Origin } from './origin.ts';

/** Lines that may stand at the head of a message (tree.md, Messages), in the order they are shown. */
const headerNames = ['To', 'Subject', 'In-Reply-To', 'Id', 'Priority', 'Expires'] as const;
/** Stamped by the server; what a client says itself is kept as a claim. */
const stampedNames = ['From', 'Date', 'Origin', 'Trust'] as const;

export type HeaderName = (typeof headerNames)[number];
export type Headers = Readonly<Partial<Record<HeaderName, string>>>;

/** What a client wrote. */
export interface Draft {
  readonly headers: Headers;
  readonly claimed: Readonly<Record<string, string>>;
  readonly body: string;
}

const known = new Set<string>([...headerNames, ...stampedNames]);
const stamped = new Set<string>(stampedNames);
const idLimit = 255;
const control = /[\u0000-\u001f\u007f]/;

/**
 * Splits a text into headers and body. Headers are there only when every line up to the first empty one is a known
 * header; else all of it is body. EINVAL for one that is given twice or makes no sense.
 */
export const parse = (text: string): Draft => {
  const split = /^((?:[^\n]+\n)+?)\r?\n/.exec(text);
  const lines = split?.[1]?.trimEnd().split('\n') ?? [];
  // One quantifier a pattern: with blanks on both sides of a lazy one, a line of blanks would cost the cube of its length.
  const pairs = lines.map((line) => /^([A-Z][A-Za-z-]*):(.*)$/.exec(line.trimEnd()));
  if (!split || pairs.some((pair) => !pair || !known.has(pair[1]!))) return { headers: {}, claimed: {}, body: text };
  const headers: Partial<Record<HeaderName, string>> = {};
  const claimed: Record<string, string> = {};
  const seen = new Set<string>();
  for (const pair of pairs) {
    const [name, value] = [pair![1]!, pair![2]!.replace(/^[ \t]+/, '')];
    if (seen.has(name)) throw new Errno('EINVAL', `the header ${name} is given twice`);
    seen.add(name);
    if (control.test(value)) throw new Errno('EINVAL', `the header ${name} holds a control character`);
    if (stamped.has(name)) claimed[`Claimed-${name}`] = value;
    else headers[name as HeaderName] = value;
  }
  check(headers);
  return { headers, claimed, body: text.slice(split[0].length) };
};

const check = ({ Id, Expires }: Headers): void => {
  if (Id !== undefined && (Id === '' || Buffer.byteLength(Id) > idLimit)) {
    throw new Errno('EINVAL', `an Id has 1 to ${idLimit} bytes`);
  }
  if (Expires !== undefined && (!/^\d{4}-\d\d-\d\dT/.test(Expires) || Number.isNaN(Date.parse(Expires)))) {
    throw new Errno('EINVAL', `Expires is a time as RFC 3339 writes it, not '${Expires}'`);
  }
};

/** A header block, an empty line, the body. Members that are undefined are left out. */
export const compose = (headers: Readonly<Record<string, string | undefined>>, body: string): string => {
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `${lines.join('\n')}\n\n${body}`;
};

/** The document as the agent reads it: what the server vouches for first. */
export const stamp = (draft: Draft, by: { id: string; to: string; origin: Origin; date: number }): string =>
  compose(
    {
      From: senderOf(by.origin),
      To: draft.headers.To ?? by.to,
      Date: timeText(by.date),
      Origin: originText(by.origin),
      Trust: String(trustOf(by.origin)),
      Id: by.id,
      Subject: draft.headers.Subject,
      'In-Reply-To': draft.headers['In-Reply-To'],
      Priority: draft.headers.Priority,
      Expires: draft.headers.Expires,
      ...draft.claimed,
    },
    draft.body,
  );

/** The body of a stamped document. */
export const bodyOf = (document: string): string => document.slice(document.indexOf('\n\n') + 2);
