import { dirname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Errno } from '../kernel/errno.ts';
import { O_WRONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import type { Remote } from './remote.ts';
import { withServer } from './remote.ts';
import { runningServer } from './server-file.ts';
import type { State } from './state.ts';
import { stateAt } from './state.ts';

/** Milliseconds. */
const INTERVAL = 20;
const PATIENCE = 30_000;

/** The server's process, where the address is the socket in its state directory. */
const localServer = ({ client: { address } }: Remote): { readonly state: State; readonly pid: number } | undefined => {
  if (address.kind !== 'unix') return undefined;
  const state = stateAt(dirname(address.path));
  const pid = runningServer(state)?.pid;
  return pid === undefined ? undefined : { state, pid };
};

/** Ends the server in order and returns when it has ended: what it served is unmounted, what it kept is on disk. */
export const run: Run = (_words, flags) =>
  withServer(flags, async (remote) => {
    const server = localServer(remote);
    await remote
      .file('ctl', O_WRONLY, async (file) => {
        await remote.send(file, [Buffer.from('shutdown\n')]);
      })
      .catch((error: unknown) => {
        // The word was taken and the connection closed before the file was.
        if (!(error instanceof Errno && error.code === 'ECONNRESET')) throw error;
      });
    const deadline = performance.now() + PATIENCE;
    while (server ? runningServer(server.state)?.pid === server.pid : remote.client.connected) {
      if (performance.now() > deadline) throw new Errno('ETIMEDOUT', `it has not ended after ${PATIENCE / 1000} s`);
      await after(INTERVAL, undefined, { signal: remote.signal });
    }
    return 0;
  });
