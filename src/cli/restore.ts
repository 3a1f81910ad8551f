import { O_WRONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { withServer } from './remote.ts';

/** Brings an agent back from the archive and prints its path. */
export const run: Run = ([name, as], flags) =>
  withServer(flags, async (remote) => {
    const words = ['restore', name!, ...(as === undefined ? [] : [as])];
    await remote.file('ctl', O_WRONLY, (file) => remote.send(file, [Buffer.from(`${words.join(' ')}\n`)]));
    await print(`agents/${as ?? name!.replace(/@.*/, '')}\n`);
    return 0;
  });
