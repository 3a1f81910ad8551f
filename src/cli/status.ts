import type { Run } from './command.ts';
import { print } from './output.ts';
import { withServer } from './remote.ts';

export const run: Run = (_words, flags) =>
  withServer(flags, async (remote) => {
    await print(await remote.text('status'));
    return 0;
  });
