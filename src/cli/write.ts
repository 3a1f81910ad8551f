import { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { withServer } from './remote.ts';
import { typed } from './typed.ts';

/** As `echo TEXT > PATH`, or `cat > PATH` without TEXT; unlike the shell's, a refusal at the close is shown. */
export const run: Run = ([path, ...words], flags) =>
  withServer(flags, async (remote) => {
    const mode = O_WRONLY | O_CREAT | (flags.append ? O_APPEND : O_TRUNC);
    await remote.file(path!, mode, (file) => remote.send(file, typed(words, remote.signal)));
    return 0;
  });
