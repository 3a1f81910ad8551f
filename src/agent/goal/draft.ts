import { Errno } from '../../kernel/errno.ts';
import { userName } from '../../kernel/name.ts';
import { decode } from '../text.ts';

/** Bytes of the text of a goal. */
export const GOAL = 65_536;
/** Of one that says nothing about it: 0 is least, 100 most. */
export const PRIORITY = 50;

export interface GoalDraft {
  readonly name?: string | undefined;
  readonly priority: number;
  readonly text: string;
}

/**
 * What `goals/new` is given: `Name:` and `Priority:` lines, where an empty line follows them, and the text. EINVAL, EFBIG.
 */
export const readDraft = (bytes: Uint8Array): GoalDraft => {
  const text = decode(bytes);
  const split = /^((?:(?:Name|Priority):[^\n]*\n)+)\r?\n/.exec(text);
  const headers = new Map<string, string>();
  for (const line of split?.[1]?.trimEnd().split('\n') ?? []) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (headers.has(name)) throw new Errno('EINVAL', `the header ${name} is given twice`);
    headers.set(name, value);
  }
  const name = headers.get('Name');
  if (name !== undefined) assertGoalName(name);
  const priority = headers.get('Priority');
  return {
    name,
    priority: priority === undefined ? PRIORITY : readPriority(priority),
    text: readText(Buffer.from(text.slice(split?.[0].length ?? 0))),
  };
};

/** EINVAL where there is nothing, EFBIG. */
export const readText = (bytes: Uint8Array): string => {
  if (bytes.length > GOAL) throw new Errno('EFBIG', `a goal has at most ${GOAL} bytes`);
  const text = decode(bytes).trimEnd();
  if (text.trim() === '') throw new Errno('EINVAL', 'a goal says what is to be reached: its text is empty');
  return `${text}\n`;
};

/** EINVAL. */
export const readPriority = (text: string): number => {
  if (!/^(?:\d{1,2}|100)$/.test(text.trim())) {
    throw new Errno('EINVAL', `a priority is a number from 0 to 100, not '${text.trim().slice(0, 100)}'`);
  }
  return Number(text);
};

/** EINVAL; EEXIST for a name of the directory's own. */
export const assertGoalName = (name: string): void => {
  if (name === 'new') throw new Errno('EEXIST', 'new is part of this directory');
  if (userName.test(name)) return;
  throw new Errno('EINVAL', `'${name}' cannot name a goal: letters, digits, '.', '_', '-', at most 100`);
};
