import type { Permission } from './settings/types.ts';

/** What the first permission that matches says of an act on an object; undefined: none does. */
export const permitted = (
  permissions: readonly Permission[],
  act: string,
  object: string,
): Permission['verdict'] | undefined =>
  permissions.find((rule) => (rule.act === '*' || rule.act === act) && matches(rule.glob, object))?.verdict;

/** `*` stands for any number of characters, everything else for itself. In time of the two lengths' product at most. */
export const matches = (glob: string, text: string): boolean => {
  let at = 0;
  let read = 0;
  let star = -1;
  let from = 0;
  while (read < text.length) {
    if (glob[at] === '*') {
      star = at++;
      from = read;
    } else if (at < glob.length && glob[at] === text[read]) {
      at++;
      read++;
    } else if (star >= 0) {
      at = star + 1;
      read = ++from;
    } else return false;
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
};
