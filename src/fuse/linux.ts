import { setTimeout as after } from 'node:timers/promises';
import { Errno } from '../kernel/errno.ts';
import { observer } from '../kernel/subject.ts';
import type { Driver, Mounted, MountOptions } from './driver.ts';
import { mount, place, recover, unmount } from './mount.ts';
import { mountAt } from './mountinfo.ts';
import { FuseServer } from './server.ts';

/** Milliseconds between the unmount and the end of the connection, before we end it ourselves. */
const PATIENCE = 2000;

/** The driver for Linux: the FUSE protocol on /dev/fuse, without libfuse. */
export const linux: Driver = {
  async mount({
    source,
    session,
    changes,
    allowOther = false,
    defaultPermissions = false,
    others = observer,
    log,
    ...options
  }: MountOptions): Promise<Mounted> {
    const given = options.dir.startsWith('/dev/fd/');
    const dir = given ? options.dir : await place(options.dir);
    if (!given) await recover(dir);
    const fd = await mount({ dir, source, allowOther, defaultPermissions });
    const connection = given ? undefined : (await mountAt(dir))?.connection;
    const server = new FuseServer({ session, changes, others, log });
    const ended = server.serve(fd);
    const begun = Promise.race([
      server.ready,
      ended.then(() => {
        throw new Errno('ENODEV', `${dir} was unmounted before it was served`);
      }),
    ]);

    const end = async (): Promise<void> => {
      // Somebody else mounted what was given to us, and unmounts it.
      if (connection !== undefined) await unmount(dir, connection);
      const late = new AbortController();
      const gave = after(given ? 0 : PATIENCE, undefined, { signal: late.signal }).then(
        () => server.close(),
        () => undefined, // aborted: it ended in time
      );
      await ended;
      late.abort();
      await gave;
    };
    let ending: Promise<void> | undefined;
    try {
      await begun;
    } catch (error) {
      await end();
      throw error;
    }
    return {
      dir,
      ended,
      unmount: () => (ending ??= end()),
      get known() {
        return server.known;
      },
    };
  },
};
