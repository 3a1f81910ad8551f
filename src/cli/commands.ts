import type { Command } from './command.ts';
import type { FlagName } from './flags.ts';

/** What finds the server. Every command but `up` takes it, so that an alias may hold it. */
const server = ['addr', 'aname'] as const satisfies readonly FlagName[];

/** Every command, in the order the help shows. */
export const commands: readonly Command[] = [
  {
    name: 'up',
    words: '',
    flags: ['state', 'mount', 'noMount', 'listen', 'driver', 'model', 'detach', 'logLevel', 'insecureTcp', 'examples'],
    sentence: 'run the server: mount the tree and serve it over 9P',
    load: () => import('./up.ts'),
  },
  {
    name: 'down',
    words: '',
    flags: server,
    sentence: 'end the server in order',
    load: () => import('./down.ts'),
  },
  {
    name: 'status',
    words: '',
    flags: server,
    sentence: 'print what the server is doing',
    load: () => import('./status.ts'),
  },
  {
    name: 'doctor',
    words: '',
    flags: server,
    sentence: 'check what weft needs and say what to do',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'verify',
    words: '[agent]',
    flags: [...server, 'state', 'heads'],
    sentence: 'check the trajectory of an agent, or of all; with --state without a server',
    load: () => import('./verify.ts'),
  },
  {
    name: 'replay',
    words: '<file>',
    flags: server,
    sentence: 'run a copy of a trajectory again and compare all but times',
    load: () => import('./replay.ts'),
  },
  {
    name: 'new',
    words: '<name>',
    flags: [...server, 'from', 'model'],
    sentence: 'define an agent, of a manifest where there is one',
    load: () => import('./new.ts'),
  },
  {
    name: 'restore',
    words: '<name> [as]',
    flags: server,
    sentence: 'bring an agent back from the archive: NAME@TIME, or the newest of NAME',
    load: () => import('./restore.ts'),
  },
  {
    name: 'ask',
    words: '<agent> [text...]',
    flags: server,
    sentence: 'ask an agent and print its answer; without text, standard input is the question',
    load: () => import('./ask.ts'),
  },
  {
    name: 'tick',
    words: '<agent>',
    flags: [...server, 'wait'],
    sentence: 'make an agent tick',
    load: () => import('./tick.ts'),
  },
  {
    name: 'ls',
    words: '[path...]',
    flags: [...server, 'long'],
    sentence: 'list directories of the tree',
    load: () => import('./ls.ts'),
  },
  {
    name: 'cat',
    words: '<path...>',
    flags: server,
    sentence: 'print files of the tree',
    load: () => import('./cat.ts'),
  },
  {
    name: 'write',
    words: '<path> [text...]',
    flags: [...server, 'append'],
    sentence: 'write a file of the tree; without text, standard input is written',
    load: () => import('./write.ts'),
  },
  {
    name: 'tail',
    words: '<path>',
    flags: [...server, 'lines', 'reconnect'],
    sentence: 'follow a log or a stream',
    load: () => import('./tail.ts'),
  },
  {
    name: 'why',
    words: '',
    flags: server,
    sentence: 'print why the last thing was refused or failed',
    load: () => import('./why.ts'),
  },
  {
    name: 'mount',
    words: '<address> <dir>',
    flags: [...server, 'options', 'detach'],
    sentence: "mount another server's tree",
    load: () => import('./mount.ts'),
  },
  {
    name: 'umount',
    words: '<dir>',
    flags: server,
    sentence: 'unmount what weft mounted',
    load: () => import('./umount.ts'),
  },
  {
    name: 'version',
    words: '',
    flags: server,
    sentence: 'print the version',
    load: () => import('./version.ts'),
  },
];
