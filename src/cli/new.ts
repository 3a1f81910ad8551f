import { O_WRONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { withServer } from './remote.ts';

/** Prints the path of the agent it makes. */
export const run: Run = ([name], flags) =>
  withServer(flags, async (remote) => {
    const line = ['new', name!, ...(flags.model === undefined ? [] : [flags.model])].join(' ');
    await remote.file('ctl', O_WRONLY, (file) => remote.send(file, [Buffer.from(`${line}\n`)]));
    await print(`agents/${name!}\n`);
    return 0;
  });
