import type { Changes } from '../kernel/changes.ts';
import type { Session } from '../kernel/session.ts';
import type { Subject } from '../kernel/subject.ts';
import type { Log } from './context.ts';

export type { Log } from './context.ts';

export interface MountOptions {
  /** An empty directory; or /dev/fd/N, a descriptor of a connection that somebody has mounted for us (mount.fuse3(8)). */
  readonly dir: string;
  /** What the mount table calls it; visible to every user. */
  readonly source: string;
  /** For this mount alone, `maxFids: Infinity`; it is closed with the mount. */
  readonly session: Session;
  readonly changes: Changes;
  /** Lets other users in, as `others`. */
  readonly allowOther?: boolean;
  /** What a uid is that is not the server's own; an observer, where it is not said. */
  readonly others?: Subject;
  /** The kernel checks modes and owners as well, before it asks: it alone decides who opens a FIFO. */
  readonly defaultPermissions?: boolean;
  readonly log: Log;
}

export interface Mounted {
  readonly dir: string;
  /** Unmounts and waits until nothing is served any more. Users of the mount lose it (ENOTCONN, EIO), work is not waited for. */
  unmount(): Promise<void>;
  /** Resolves when the mount is gone, whoever unmounted it. Rejects where serving failed. */
  readonly ended: Promise<void>;
  /** What the kernel remembers of us. */
  readonly known: { nodes: number; open: number; fids: number };
}

/** A way to show a session as a directory of this machine. */
export interface Driver {
  /** EBUSY, ENOTEMPTY, ENOENT, ENOTDIR by the directory; EPERM, EACCES, ENODEV, ENOTSUP by the machine. */
  mount(options: MountOptions): Promise<Mounted>;
}
