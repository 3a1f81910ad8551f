import { readFileSync } from 'node:fs';

/** Supplementary groups as /proc has them. (process.getgroups adds the group of the process, which is none of them.) */
const read = (status: string): readonly number[] => {
  const line = /^Groups:(.*)$/m.exec(readFileSync(status, 'utf8'))?.[1] ?? '';
  return line
    .split(' ')
    .map((word) => word.trim())
    .filter(Boolean)
    .map(Number);
};

export const ownGroups = (): readonly number[] => read('/proc/thread-self/status');

/**
 * Those of the thread that waits for an answer, which FUSE does not send. It waits, so it is still there; one from
 * another pid namespace, or that was killed meanwhile, has none. Read once, when first needed.
 */
export const groupsOf = (pid: number): (() => readonly number[]) => {
  let groups: readonly number[] | undefined;
  return () => (groups ??= pid === 0 ? [] : readAlive(pid));
};

const readAlive = (pid: number): readonly number[] => {
  try {
    return read(`/proc/${pid}/status`);
  } catch {
    // Gone: nobody is there any more to be given more rights than these.
    return [];
  }
};
