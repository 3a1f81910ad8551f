import { isIPv6 } from 'node:net';
import { Once } from './fields.ts';
import { LineError, quoted, scan } from './line.ts';
import type { Network } from './types.ts';
import { asLines, type View } from './view.ts';

const MOST = 1_000;
const host = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?))*$/;

/** A host name or an address, in lower case; `[...]` around an IPv6 address. Undefined for anything else. */
export const endpoint = (text: string): Network['allow'][number] | undefined => {
  const [, name, digits] = /^(.+):([1-9]\d{0,4})$/.exec(text.toLowerCase()) ?? [];
  const port = Number(digits);
  if (name === undefined || port > 65_535) return undefined;
  const address = /^\[(.*)\]$/.exec(name)?.[1];
  if (address === undefined ? !host.test(name) : !isIPv6(address)) return undefined;
  return { host: name, port };
};

const format = ({ mode, allow }: Network): string =>
  (mode === 'allow' ? '' : `${mode}\n`) + allow.map(({ host, port }) => `allow ${host}:${port}\n`).join('');

/** `off`, `open`, and `allow HOST:PORT` lines, which alone mean that nothing else is allowed. */
export const network: View<Network> = {
  ...asLines,
  fallback: { mode: 'off', allow: [] },
  parse: (text) => {
    const allow: Network['allow'][number][] = [];
    const once = new Once();
    let mode: 'off' | 'open' | undefined;
    for (const line of scan(text, { trailing: true })) {
      const { number, words } = line;
      once.check(words.join(' ').toLowerCase(), line);
      const [word] = words;
      if (word === 'off' || word === 'open') {
        if (words.length > 1) throw new LineError(number, `'${word}' stands alone`);
        if (mode) throw new LineError(number, `'${word}' and '${mode}' exclude each other`);
        mode = word;
      } else if (word === 'allow') {
        const found = words.length === 2 ? endpoint(words[1]!) : undefined;
        if (!found) throw new LineError(number, `'allow' wants HOST:PORT, not ${quoted(words.slice(1).join(' '))}`);
        allow.push(found);
      } else throw new LineError(number, `${quoted(word!)} is not off, open or allow HOST:PORT`);
      if (mode === 'off' && allow.length > 0) throw new LineError(number, "'off' and 'allow' exclude each other");
      if (allow.length > MOST) throw new LineError(number, `more than ${MOST} lines`);
    }
    return { mode: mode ?? (allow.length > 0 ? 'allow' : 'off'), allow };
  },
  format,
  data: (value) => asLines.data(format(value)),
};
