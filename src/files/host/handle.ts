import fs from 'node:fs';
import { promisify } from 'node:util';
import { Errno } from '../../kernel/errno.ts';
import { O_APPEND, S_IFIFO, S_IFREG, writes } from '../../kernel/mode.ts';
import type { Attributes, Awaitable, Changed, Handle } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { AT_EMPTY_PATH, AT_FDCWD, at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { change } from './change.ts';
import { as, isServer } from './credentials.ts';
import type { HostFile } from './file.ts';
import { attributesOf, modeOf } from './identity.ts';
import { magic, shut } from './tree.ts';

const EAGAIN = -11;
const ENOTSUP = -95;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const O_DSYNC = 0o10000;
/** Up to here a write is done at once, which is quicker than a thread; longer ones may be held back by the disk. */
const SMALL = 65536;
/** copy_file_range copies no more in one call: it runs on the main thread. A caller goes on where it stopped. */
const COPY = 1 << 20;
const SUID = 0o4000;
const SGID_EXEC = 0o2010;

const scratch = Buffer.alloc(SMALL);
const later = {
  read: promisify(fs.read),
  write: promisify(fs.write),
  fsync: promisify(fs.fsync),
  fdatasync: promisify(fs.fdatasync),
};

/** An open file of the host. Works on when the file has lost its names. */
export class HostHandle implements Handle {
  readonly fd: number;
  readonly #file: HostFile;
  readonly #flags: number;
  readonly #left: () => void;
  /** Calls in the thread pool: the descriptor must not be closed, and its number given to another, under them. */
  #busy = 0;
  #closing = false;
  /** The file system answers whether a read would wait. */
  #tells = true;

  constructor(file: HostFile, fd: number, flags: number, left: () => void) {
    this.#file = file;
    this.fd = fd;
    this.#flags = flags;
    this.#left = left;
  }

  read(offset: number, count: number): Awaitable<Uint8Array> {
    this.#check();
    if (this.#file.type === S_IFIFO) return this.#readPipe(count);
    if (!this.#tells) return this.#readLater(offset, count, undefined);
    const small = count <= SMALL;
    const into = small ? scratch : Buffer.allocUnsafeSlow(count);
    let taken = 0;
    // A short answer is the end, or the edge of what is in memory: the next one tells which.
    while (taken < count) {
      const rest = taken === 0 ? into : into.subarray(taken);
      const n = at().preadNow(this.fd, rest, count - taken, offset + taken);
      if (n === 0) break;
      if (n === EAGAIN || n === ENOTSUP) {
        this.#tells = n !== ENOTSUP;
        return this.#readLater(offset, count, taken > 0 ? Buffer.from(into.subarray(0, taken)) : undefined);
      }
      taken += checked(n, 'read', this.#file);
    }
    return small ? Buffer.from(scratch.subarray(0, taken)) : into.subarray(0, taken);
  }

  async #readLater(offset: number, count: number, head: Uint8Array | undefined): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(count);
    let taken = head?.length ?? 0;
    if (head) bytes.set(head);
    const { bytesRead } = await this.#work(() => later.read(this.fd, bytes, taken, count - taken, offset + taken));
    taken += bytesRead;
    return bytes.subarray(0, taken);
  }

  /** Never waits: EAGAIN where there is nothing to read and somebody may still write. */
  #readPipe(count: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(Math.min(count, SMALL));
    return bytes.subarray(
      0,
      system(() => fs.readSync(this.fd, bytes, 0, bytes.length, null)),
    );
  }

  write(offset: number, data: Uint8Array, request: Request): Awaitable<number> {
    this.#check();
    if (this.#file.type === S_IFIFO) return system(() => fs.writeSync(this.fd, data, 0, data.length, null));
    if (data.length <= SMALL && (this.#flags & O_DSYNC) === 0) {
      const n = as(request, () => at().pwrite(this.fd, data, data.length, offset));
      return checked(n, 'write', this.#file);
    }
    return this.#writeLater(offset, Buffer.from(data), request);
  }

  async #writeLater(offset: number, data: Buffer, request: Request): Promise<number> {
    const { bytesWritten } = await this.#work(() =>
      // O_APPEND decides where, as in pwrite(2) of Linux.
      later.write(this.fd, data, 0, data.length, this.#flags & O_APPEND ? null : offset),
    );
    if (!isServer(request) && !this.#closing) this.#loseRights();
    return bytesWritten;
  }

  /** The threads of the pool have the server's identity, for which Linux leaves set-uid and set-gid as they are. */
  #loseRights(): void {
    if (at().statx(this.fd, '', AT_EMPTY_PATH) < 0) return;
    const mode = modeOf(at().stat);
    const lost = (mode & SUID) | ((mode & SGID_EXEC) === SGID_EXEC ? 0o2000 : 0);
    if (lost) checked(at().fchmodat(AT_FDCWD, magic(this.fd), mode & 0o7777 & ~lost), 'write', this.#file);
  }

  truncate(size: number, request: Request): void {
    this.#check();
    checked(
      as(request, () => at().ftruncate(this.fd, size)),
      'ftruncate',
      this.#file,
    );
  }

  stat(): Attributes {
    this.#check();
    checked(at().statx(this.fd, '', AT_EMPTY_PATH), 'fstat', this.#file);
    return attributesOf(at().stat);
  }

  setattr(changed: Changed, request: Request): void {
    this.#check();
    const { size, ...others } = changed;
    // ftruncate asks the descriptor for the right, truncate the file.
    const cut = size !== undefined && writes(this.#flags);
    if (cut) this.truncate(size, request);
    change(this.fd, this.#file, cut ? others : changed, request);
  }

  async sync(dataOnly: boolean): Promise<void> {
    this.#check();
    await this.#work(() => (dataOnly ? later.fdatasync : later.fsync)(this.fd));
  }

  allocate(offset: number, length: number, mode: number, request: Request): void {
    this.#check();
    checked(
      as(request, () => at().fallocate(this.fd, mode, offset, length)),
      'fallocate',
      this.#file,
    );
  }

  seek(offset: number, whence: number): number {
    this.#check();
    if (whence !== SEEK_DATA && whence !== SEEK_HOLE) throw new Errno('EINVAL', 'only SEEK_DATA and SEEK_HOLE');
    return checked(at().lseek(this.fd, offset, whence), 'lseek', this.#file);
  }

  copy(offset: number, to: Handle, toOffset: number, length: number, request: Request): number {
    this.#check();
    if (!(to instanceof HostHandle)) throw new Errno('EXDEV', 'only between host files');
    to.#check();
    if (this.#file.type !== S_IFREG || to.#file.type !== S_IFREG) throw new Errno('EINVAL', 'only between plain files');
    const n = as(request, () => at().copyFileRange(this.fd, offset, to.fd, toOffset, Math.min(length, COPY)));
    return checked(n, 'copy_file_range', to.#file);
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#left();
    if (this.#busy === 0) shut(this.fd);
  }

  #check(): void {
    if (this.#closing) throw new Errno('EBADF', 'the file is closed');
  }

  async #work<T>(call: () => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await call();
    } catch (error) {
      throw Errno.ofSystem(error);
    } finally {
      if (--this.#busy === 0 && this.#closing) shut(this.fd);
    }
  }
}

const system = <T>(call: () => T): T => {
  try {
    return call();
  } catch (error) {
    throw Errno.ofSystem(error);
  }
};
