import type { Command } from './command.ts';

/** Every command, in the order the help shows. */
export const commands: readonly Command[] = [
  { name: 'version', words: '', flags: [], sentence: 'print the version', load: () => import('./version.ts') },
];
