import { lstat, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Errno } from '../../kernel/errno.ts';
import type { Driver, Mounted, MountOptions } from '../driver.ts';
import { place, recover } from '../mount.ts';
import { loadFuseNative, type FuseNative, type NativeMount } from './load.ts';
import { operations } from './operations.ts';
import { Threads } from './threads.ts';
import { Tree } from './tree.ts';

/** Milliseconds between two looks whether somebody else has unmounted us: libfuse does not say. */
const LOOK = 1000;

/**
 * Everything goes past the page cache, nothing is remembered, and a file that is removed while it is open is not
 * renamed. The package has no options for these; what the name carries reaches libfuse as it is.
 */
const WANTS = 'direct_io,entry_timeout=0,attr_timeout=0,negative_timeout=0,hard_remove';

/**
 * The driver for hosts without /dev/fuse (macOS with macFUSE), over the optional package fuse-native: no interrupts, no
 * poll, no cache, no other users, no extended attributes (docs/fuse.md).
 */
export const native: Driver = {
  async mount({ source, session, log, ...options }: MountOptions): Promise<Mounted> {
    if (options.allowOther) throw new Errno('ENOTSUP', 'fuse-native does not say who calls: no other users');
    if (options.dir.startsWith('/dev/fd/')) throw new Errno('ENOTSUP', 'fuse-native mounts itself: no descriptor');
    const Fuse = loadFuseNative();
    const dir = await place(options.dir);
    await ready(dir);
    const tree = new Tree(session, log);
    await tree.attach();
    const fuse = new Fuse(dir, operations(tree), {
      fsname: `${source.replace(/[,\\]/g, '_')},${WANTS}`,
      timeout: false,
      defaultPermissions: options.defaultPermissions ?? false,
      ...(process.platform === 'linux' ? { subtype: 'weft' } : {}),
    });
    const threads = await Threads.around(dir, () => mounting(fuse, dir));

    let over!: (failure?: Error) => void;
    const ended = new Promise<void>((done, failed) => {
      over = (failure) => (failure ? failed(failure) : done());
    });
    ended.catch(() => undefined); // also where nobody waits for it: that must not end the process
    const finish = async (): Promise<void> => {
      clearInterval(look);
      tree.end();
      try {
        await session.close();
        over();
      } catch (error) {
        over(error as Error);
      }
    };
    const look = setInterval(() => {
      void isMounted(dir).then((mounted) => (mounted ? undefined : finish()));
    }, LOOK).unref();

    const end = async (): Promise<void> => {
      tree.end();
      await unmounting(Fuse, fuse, dir);
      await threads.gone();
      await finish();
      await ended;
    };
    let ending: Promise<void> | undefined;
    return {
      dir,
      ended,
      unmount: () => (ending ??= end()),
      get known() {
        return { nodes: 0, open: tree.open, fids: session.size };
      },
    };
  },
};

/** Throws EBUSY, ENOTEMPTY, ENOENT and ENOTDIR as the driver for Linux does. */
const ready = async (dir: string): Promise<void> => {
  if (process.platform === 'linux') return recover(dir);
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    throw Errno.ofSystem(error);
  }
  if (await isMounted(dir)) throw new Errno('EBUSY', 'something is mounted there', { path: dir });
  if (names.length > 0) throw new Errno('ENOTEMPTY', 'the directory is not empty', { path: dir });
};

/** It is a mount where its device is another one than that of the directory it lies in. We answer the question ourselves. */
const isMounted = async (dir: string): Promise<boolean> => {
  try {
    const [own, above] = await Promise.all([lstat(dir), lstat(dirname(dir))]);
    return own.dev !== above.dev;
  } catch (error) {
    // A mount that is there and does not answer; without the directory there is none.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
};

const mounting = (fuse: NativeMount, dir: string): Promise<void> =>
  new Promise((done, failed) => {
    fuse.mount((cause) => {
      if (!cause) done();
      else failed(new Errno('EPERM', `libfuse does not mount on ${dir}; it says why on standard error`, { cause }));
    });
  });

/**
 * The package unmounts with a command, and where that fails, because somebody else was first, it keeps its hold on the
 * event loop, and the process does not end. So the command is left out then.
 */
const unmounting = async (Fuse: FuseNative, fuse: NativeMount, dir: string): Promise<void> => {
  const command = Fuse.unmount.bind(Fuse);
  if (!(await isMounted(dir))) Fuse.unmount = (_dir, done) => done(null);
  try {
    await new Promise<void>((done, failed) => {
      fuse.unmount((cause) => {
        if (!cause) done();
        else failed(new Errno('EBUSY', `${dir} is not unmounted`, { cause }));
      });
    });
  } finally {
    Fuse.unmount = command;
  }
};
