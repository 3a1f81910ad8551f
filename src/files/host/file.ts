import { Errno } from '../../kernel/errno.ts';
import {
  O_ACCMODE,
  O_APPEND,
  O_NONBLOCK,
  O_RDONLY,
  O_TRUNC,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFSOCK,
  X_OK,
} from '../../kernel/mode.ts';
import type { File } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { AT_FDCWD, O_CLOEXEC, at } from '../../native/at.ts';
import { as } from './credentials.ts';
import { HostHandle } from './handle.ts';
import { HostNode } from './node.ts';
import { magic } from './tree.ts';

const O_SYNC = 0o4010000;
const O_NOATIME = 0o1000000;
/** The kernel's own mark (FMODE_EXEC) on the open that execve(2) does: the right to run is asked, not that to read. */
const EXEC = 0o40;
/** What of a client's open flags has a meaning for a file that exists. */
export const MEANT = O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_NOATIME;

/** Everything of the host that is no directory and no link. */
export class HostFile extends HostNode implements File {
  readonly kind = 'file';
  readonly #open = new Set<HostHandle>();

  get style(): 'stream' | 'paged' {
    return this.type === S_IFIFO ? 'stream' : 'paged';
  }

  /**
   * open(2) by the host's own decision. A FIFO is opened without waiting for its other end (ENXIO to write where nobody
   * reads); sockets are ENXIO as everywhere; devices EACCES, as on a file system mounted nodev.
   */
  open(flags: number, request: Request): HostHandle {
    if (this.type === S_IFSOCK) throw new Errno('ENXIO', 'a socket cannot be opened');
    if (this.type === S_IFCHR || this.type === S_IFBLK) throw new Errno('EACCES', 'devices are not opened here');
    const path = magic(this.descriptor());
    // O_NONBLOCK also where it means nothing for reading: an open that breaks a lease would wait for its holder.
    const how = (flags & MEANT) | O_NONBLOCK | O_CLOEXEC;
    const open = (): number => at().openat(AT_FDCWD, path, how, 0);
    let fd: number;
    if (flags & EXEC && (flags & O_ACCMODE) === O_RDONLY) {
      this.permit(X_OK, request);
      fd = this.tree.open(open, 'open', this);
    } else fd = this.tree.open(() => as(request, open), 'open', this);
    return this.opened(fd, how);
  }

  /** A descriptor that was opened for this file becomes a handle. */
  opened(fd: number, flags: number): HostHandle {
    const handle = new HostHandle(this, fd, flags, () => {
      this.#open.delete(handle);
      this.tree.left(handle);
    });
    this.#open.add(handle);
    this.tree.opened(handle);
    return handle;
  }

  protected override spare(): number {
    for (const { fd } of this.#open) return fd;
    return -1;
  }
}
