import { O_RDONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { each } from './each.ts';
import { print } from './output.ts';
import { withServer } from './remote.ts';

export const run: Run = (paths, flags) =>
  withServer(flags, (remote) =>
    each(paths, remote.signal, (path) =>
      remote.file(path, O_RDONLY, async (file) => {
        for await (const piece of remote.pieces(file)) await print(piece);
      }),
    ),
  );
