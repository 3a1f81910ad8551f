import { resolve } from 'node:path';
import type { Address } from '../9p/address.ts';
import { formatAddress } from '../9p/address.ts';
import { remote } from '../9p/remote.ts';
import { linux } from '../fuse/linux.ts';
import { Changes } from '../kernel/changes.ts';
import { Namespace } from '../kernel/namespace.ts';
import { Request } from '../kernel/request.ts';
import { Session } from '../kernel/session.ts';
import { operator } from '../kernel/subject.ts';
import type { Run } from './command.ts';
import type { Announce } from './detach.ts';
import { maybeDetached } from './detach.ts';
import { describe } from './failure.ts';
import type { MountOptions } from './mount-options.ts';
import { readMountOptions } from './mount-options.ts';
import { dialled, readAddress } from './remote.ts';
import { untilSignal } from './until.ts';

/** Milliseconds for which a server that is restarted is waited for, by each call in the mount. */
const PATIENCE = 10_000;

/** Shows another server's tree as a directory, until it is unmounted or a signal comes. */
export const run: Run = ([text, directory], flags) => {
  const options = readMountOptions(flags);
  const address = readAddress(text!);
  const path = resolve(directory!);
  return maybeDetached(flags.detach === true, '/dev/null', (announce) => serve(address, path, options, announce));
};

const serve = async (address: Address, dir: string, options: MountOptions, announce: Announce): Promise<number> => {
  const { asked, release } = untilSignal();
  const client = await dialled(address, options.aname, { patience: PATIENCE });
  try {
    const changes = new Changes();
    const root = remote(client);
    const namespace = new Namespace(() => root, changes);
    // What the caller may do is decided by the server, from who connects; here everything is passed on.
    const source = formatAddress(address);
    await namespace.mount(source, '/', {}, new Request(operator));
    const session = new Session({ namespace, subject: operator, changes, maxFids: Infinity });
    const mounted = await linux.mount({
      dir,
      source,
      session,
      changes,
      allowOther: options.allowOther,
      log: (message, cause) => void process.stderr.write(`${describe(cause ?? message)} (${message})\n`),
    });
    try {
      await announce.ready(`weft: mounted ${mounted.dir} ${source}`);
      await Promise.race([asked, mounted.ended]);
      return 0;
    } finally {
      await mounted.unmount();
      await session.close();
    }
  } finally {
    await client.close();
    release();
  }
};
