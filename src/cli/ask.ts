import { Errno } from '../kernel/errno.ts';
import { O_RDWR } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { withServer } from './remote.ts';
import { typed } from './typed.ts';

/** One prompt, one answer, on one descriptor of the agent's `ask`. Ctrl-C takes the question back. */
export const run: Run = ([name, ...words], flags) =>
  withServer(flags, (remote) =>
    remote.file(`agents/${name!}/ask`, O_RDWR, async (file) => {
      const size = await remote.send(file, typed(words, remote.signal));
      if (size === 0)
        throw new Errno('EINVAL', 'there is no question: it is the words after the name, or standard input');
      for await (const piece of remote.pieces(file)) await print(piece);
      return 0;
    }),
  );
