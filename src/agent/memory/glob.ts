import { Errno } from '../../kernel/errno.ts';

/** Characters of a pattern. */
const LONG = 1_000;

/**
 * A test for paths: `*` stands for any characters of a name, `?` for one, `**` as a whole name for any number of names.
 * Never takes longer than the product of both lengths, whatever the pattern. EINVAL for one that is empty or too long.
 */
export const glob = (pattern: string): ((path: string) => boolean) => {
  if (pattern === '' || pattern.length > LONG) throw new Errno('EINVAL', `a pattern has 1 to ${LONG} characters`);
  // Several ** beside each other mean no more than one.
  const names = pattern.split('/').filter((name, at, all) => name !== '**' || all[at - 1] !== '**');
  return (path) => matchNames(names, path.split('/'));
};

/** Row by row, as the distance of two texts is reckoned: no way is gone twice. */
const matchNames = (patterns: readonly string[], names: readonly string[]): boolean => {
  let reached = [true, ...names.map(() => false)];
  for (const pattern of patterns) {
    const any = pattern === '**';
    const next = [any && reached[0]!];
    for (const [at, name] of names.entries()) {
      next.push(any ? reached[at + 1]! || next[at]! : reached[at]! && matchName(pattern, name));
    }
    reached = next;
  }
  return reached.at(-1)!;
};

/** The last `*` takes a character more each time the rest does not fit: it never goes back to one before it. */
const matchName = (pattern: string, name: string): boolean => {
  let [at, from, star, taken] = [0, 0, -1, 0];
  while (from < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      taken = from;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++taken;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
};
