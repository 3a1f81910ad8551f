import { formatDuration, parseDuration } from '../duration.ts';
import { formatMoney, parseMoney } from '../money.ts';
import { Once } from './fields.ts';
import { LineError, quoted, scan } from './line.ts';
import type { Allowance, Budget } from './types.ts';
import { scalar, type View } from './view.ts';

const scopes = ['call', 'tick', 'day', 'goal', 'ask'] as const;

const fallback: Budget = {
  call: {},
  tick: { usd: 500_000 },
  day: { usd: 5_000_000 },
  goal: {},
  ask: { usd: 1_000_000 },
};

/** Undefined: it is none of the three. A bare number is micro-USD. */
const read = (text: string): Allowance | undefined => {
  const usd = parseMoney(text);
  if (usd !== undefined) return { usd };
  const tokens = /^(0|[1-9]\d{0,14}) tokens$/.exec(text)?.[1];
  if (tokens !== undefined) return { tokens: Number(tokens) };
  const time = parseDuration(text);
  return time === undefined ? undefined : { time };
};

/** What an allowance says, a string each; `unlimited` where it says nothing. */
const said = ({ usd, tokens, time }: Allowance): string[] => {
  const all = [
    ...(usd === undefined ? [] : [formatMoney(usd)]),
    ...(tokens === undefined ? [] : [`${tokens} tokens`]),
    ...(time === undefined ? [] : [formatDuration(time)]),
  ];
  return all.length === 0 ? ['unlimited'] : all;
};

/** `SCOPE AMOUNT` lines: money, tokens and time of each scope. A scope that is not written has its default. */
export const budget: View<Budget> = {
  fallback,
  parse: (text) => {
    const found = new Map<string, Allowance>();
    const once = new Once();
    for (const line of scan(text, { trailing: true })) {
      const [word, ...rest] = line.words;
      const scope = scopes.find((known) => known === word);
      if (!scope) throw new LineError(line.number, `no key ${quoted(word!)}: there is ${scopes.join(', ')}`);
      const amount = rest.join(' ');
      const allowance = amount === 'unlimited' ? {} : read(amount);
      if (!allowance) {
        throw new LineError(
          line.number,
          `'${scope}' wants an amount as 0.50 USD, 20000 tokens or 10m, or 'unlimited', not ${quoted(amount)}`,
        );
      }
      for (const kind of Object.keys(allowance)) once.check(`${scope} in ${kind}`, line);
      if (amount === 'unlimited') once.check(`${scope} unlimited`, line);
      found.set(scope, { ...found.get(scope), ...allowance });
    }
    return { ...fallback, ...Object.fromEntries(found) };
  },
  format: (value) => scopes.flatMap((scope) => said(value[scope]).map((amount) => `${scope} ${amount}\n`)).join(''),
  data: (value) =>
    Object.fromEntries(
      scopes.map((scope) => {
        const amounts = said(value[scope]);
        return [scope, amounts.length === 1 ? amounts[0] : amounts];
      }),
    ),
  lines: (data) =>
    Object.entries(data as object).flatMap(([scope, amounts]) =>
      Array.isArray(amounts)
        ? amounts.map((amount, index) => ({ text: `${scope} ${scalar(amount)}`, path: [scope, index] }))
        : [{ text: `${scope} ${scalar(amounts)}`, path: [scope] }],
    ),
  schema: {
    type: 'object',
    additionalProperties: {
      type: ['string', 'number', 'array'],
      items: { type: ['string', 'number'] },
      minItems: 1,
      maxItems: 3,
    },
  },
};
