import { O_RDWR } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { withServer } from './remote.ts';
import { typed } from './typed.ts';

/** One prompt, one answer, on one descriptor of the agent's `ask`. Ctrl-C takes the question back. */
export const run: Run = ([name, ...words], flags) =>
  withServer(flags, (remote) =>
    remote.file(`agents/${name!}/ask`, O_RDWR, async (file) => {
      await remote.send(file, typed(words, remote.signal));
      for await (const piece of remote.pieces(file)) await print(piece);
      return 0;
    }),
  );
