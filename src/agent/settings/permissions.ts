import { LineError, quoted, scan } from './line.ts';
import type { Permission } from './types.ts';
import { asLines, type View } from './view.ts';

const MOST = 1_000;
const GLOB = 1_024;
const verdicts = ['allow', 'ask', 'deny'] as const;
const act = /^(?:\*|[a-z][a-z0-9_.-]{0,63})$/;
const says = '# allow, ask or deny, then an act, then a pattern; the first line that matches decides\n';

const format = (value: readonly Permission[]): string =>
  value.length === 0 ? says : value.map((rule) => `${rule.verdict} ${rule.act} ${rule.glob}\n`).join('');

/** Ordered lines `allow|ask|deny ACT GLOB`. The glob is the rest of the line, blanks and `#` included. */
export const permissions: View<readonly Permission[]> = {
  ...asLines,
  fallback: [],
  parse: (text) => {
    const found: Permission[] = [];
    for (const { number, text: line, words } of scan(text)) {
      const verdict = verdicts.find((known) => known === words[0]);
      if (!verdict) throw new LineError(number, `${quoted(words[0]!)} is not allow, ask or deny`);
      const [, name, glob] = /^\S+\s+(\S+)\s+(.+)$/.exec(line) ?? [];
      if (glob === undefined) throw new LineError(number, `usage: ${verdict} ACT GLOB`);
      if (!act.test(name!))
        throw new LineError(number, `${quoted(name!)} names no act: a-z, 0-9, '_', '.', '-', or * for every act`);
      if (glob.length > GLOB) throw new LineError(number, `a pattern of more than ${GLOB} characters`);
      found.push({ verdict, act: name!, glob });
      if (found.length > MOST) throw new LineError(number, `more than ${MOST} lines`);
    }
    return found;
  },
  format,
  data: (value) => value.map((rule) => `${rule.verdict} ${rule.act} ${rule.glob}`),
};
