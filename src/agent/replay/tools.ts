import { Errno, isCode } from '../../kernel/errno.ts';
import type { Tool } from '../tools.ts';
import type { Recorded } from './recorded.ts';
import { idle } from './slow-store.ts';

/**
 * Tools whose calls end as they did. One that every server has is run again, unless it failed; what another one put out is
 * taken from its record, because what it did happened outside. `next`: what is recorded from here on.
 */
export const recordedTools = (
  known: readonly Tool[],
  records: readonly Recorded[],
  next: () => Iterable<Recorded>,
): Tool[] => {
  const names = new Set(records.filter(({ type }) => type === 'tool').map(({ name }) => String(name)));
  const others = [...names].filter((name) => !known.some((tool) => tool.name === name));
  const again = (tool: Tool, here: boolean): Tool => ({
    ...tool,
    run: async (input, context) => {
      await idle();
      const record = ended(next());
      if (!record) return new Promise(() => undefined); // it was stopped
      const output = String(record['output']);
      if (record['failed'] === true) throw failure(output);
      return here ? tool.run(input, context) : output;
    },
  });
  const foreign = (name: string): Tool => ({ name, description: '', schema: {}, run: () => '' });
  return [...known.map((tool) => again(tool, true)), ...others.map((name) => again(foreign(name), false))];
};

/** The record of the call that is under way; undefined when none came. */
const ended = (records: Iterable<Recorded>): Recorded | undefined => {
  for (const record of records) {
    if (record.type === 'tool') return record;
    if (record.type === 'abort' || record.type === 'phase' || record.type === 'error') return undefined;
  }
  return undefined;
};

const failure = (output: string): Errno => {
  const [, code, reason] = /^([A-Z0-9]+): ([^]*)$/.exec(output) ?? [];
  return isCode(code) ? new Errno(code, reason) : new Errno('EIO', output);
};
