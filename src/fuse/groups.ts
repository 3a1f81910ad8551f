import { readFileSync } from 'node:fs';

/**
 * The supplementary groups of the thread that asks, which the protocol does not carry. It waits for the answer, so it is
 * still there; one from another pid namespace, or that was killed meanwhile, has none. Read once, when first needed.
 */
export const groupsOf = (pid: number): (() => readonly number[]) => {
  let groups: readonly number[] | undefined;
  return () => (groups ??= read(pid));
};

const read = (pid: number): readonly number[] => {
  if (pid === 0) return [];
  try {
    const line = /^Groups:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    return line.split(' ').filter(Boolean).map(Number);
  } catch {
    // Gone: nobody is there any more to be given more rights than these.
    return [];
  }
};
