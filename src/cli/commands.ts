import type { Command } from './command.ts';

/** Every command, in the order the help shows. */
export const commands: readonly Command[] = [
  {
    name: 'up',
    words: '',
    flags: ['state', 'mount', 'noMount', 'listen', 'driver', 'model', 'detach', 'logLevel', 'insecureTcp', 'examples'],
    sentence: 'run the server: mount the tree and serve it over 9P',
    load: () => import('./up.ts'),
  },
  { name: 'version', words: '', flags: [], sentence: 'print the version', load: () => import('./version.ts') },
];
