import { O_WRONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { withServer } from './remote.ts';

/** With --wait it prints what `wait` says and exits 1 unless that is `idle`: the agent cannot go on by itself. */
export const run: Run = ([name], flags) =>
  withServer(flags, async (remote) => {
    await remote.file(`agents/${name!}/ctl`, O_WRONLY, (file) => remote.send(file, [Buffer.from('tick\n')]));
    if (!flags.wait) return 0;
    const outcome = await remote.text(`agents/${name!}/wait`);
    await print(outcome);
    return /^idle\b/.test(outcome) ? 0 : 1;
  });
