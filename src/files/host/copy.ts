import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Errno } from '../../kernel/errno.ts';
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_WRONLY,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../../kernel/mode.ts';
import { nameText } from '../../kernel/name.ts';
import type { Attributes } from '../../kernel/node.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_PATH, at } from '../../native/at.ts';
import { checked, libc } from '../../native/libc.ts';
import { attributesOf, deviceOf } from './identity.ts';
import { listing } from './listing.ts';
import { magic, shut } from './tree.ts';

export interface CopyOptions {
  /** Bytes of content, and entries of any kind; more is EFBIG. */
  readonly bytes: number;
  readonly entries: number;
  /** EINTR when it aborts. */
  readonly signal?: AbortSignal;
}

/** What was copied. */
export interface Copied {
  readonly entries: number;
  /** Of content: holes do not count, and a file with two names counts once. */
  readonly bytes: number;
  /** Sockets, devices, and what lies on another file system: not copied. */
  readonly left: number;
}

/** Two descriptors a level are held: a tree that is deeper than this is EFBIG. */
const DEEP = 128;
const PIECE = 1024 * 1024;
/** After so many entries that needed no thread, others have their turn. */
const TURN = 64;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const ENOENT = -2;
const ENXIO = -6;
/** Asks no network file system, and no FUSE server, for what it does not know by itself (statx(2)). */
const AT_STATX_DONT_SYNC = 0x4000;

const read = promisify(fs.read);
const write = promisify(fs.write);

/**
 * Copies all that lies in one directory of the host into another one, which is empty and nobody else's. No link is
 * followed: each name is opened O_PATH in the descriptor of its directory, and what is then done is done to the very
 * file that was opened, whatever stands under its name by then. Links are copied as texts, hard links within the tree
 * as hard links, holes as holes; a file is cloned where the file system can. What goes away meanwhile is not there.
 * Everything is on the medium when it resolves.
 */
export const copyTree = async (from: string, to: string, options: CopyOptions): Promise<Copied> => {
  const source = open(AT_FDCWD, from, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  try {
    const target = open(AT_FDCWD, to, O_DIRECTORY | O_NOFOLLOW);
    try {
      const copier = new Copier(source, target, options);
      const copied = await copier.run();
      checked(await (await libc()).syncfsLater(target), 'syncfs', to);
      return copied;
    } finally {
      shut(target);
    }
  } catch (error) {
    throw Errno.ofSystem(error);
  } finally {
    shut(source);
  }
};

const open = (dir: number, name: string, flags: number, mode = 0): number =>
  checked(at().openat(dir, name, flags | O_CLOEXEC, mode), 'open', name);

class Copier {
  readonly #source: number;
  readonly #target: number;
  readonly #options: CopyOptions;
  readonly #device: number;
  /** Where the first name of a file that has several was copied to, by inode number. */
  readonly #linked = new Map<number, string>();
  readonly #root = process.geteuid?.() === 0;
  #clones = true;
  #entries = 0;
  #bytes = 0;
  #left = 0;

  constructor(source: number, target: number, options: CopyOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    checked(at().statx(source, '', AT_EMPTY_PATH), 'stat');
    this.#device = deviceOf(at().stat);
  }

  async run(): Promise<Copied> {
    await this.#directory(this.#source, this.#target, '', 0);
    return { entries: this.#entries, bytes: this.#bytes, left: this.#left };
  }

  async #directory(source: number, target: number, path: string, depth: number): Promise<void> {
    if (depth > DEEP) throw new Errno('EFBIG', `'${path}' lies deeper than ${DEEP} directories`);
    for (const name of await this.#names(source, path)) {
      if (this.#options.signal?.aborted) throw new Errno('EINTR');
      if (++this.#entries > this.#options.entries) {
        throw new Errno('EFBIG', `more than ${this.#options.entries} files and directories`);
      }
      if (this.#entries % TURN === 0) await setImmediate();
      const below = path === '' ? name : `${path}/${name}`;
      const fd = at().openat(source, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
      if (fd === ENOENT) {
        this.#entries--;
        continue;
      }
      checked(fd, 'open', below);
      try {
        await this.#entry(fd, target, name, below, depth);
      } finally {
        shut(fd);
      }
    }
    checked(at().statx(source, '', AT_EMPTY_PATH), 'stat', path);
    this.#finish(target, attributesOf(at().stat), path);
  }

  async #names(source: number, path: string): Promise<string[]> {
    const fd = checked(at().openat(AT_FDCWD, magic(source), O_DIRECTORY | O_CLOEXEC, 0), 'opendir', path);
    try {
      return (await listing(fd, this.#options.signal ?? { aborted: false })).map(({ name }) => name);
    } finally {
      shut(fd);
    }
  }

  async #entry(fd: number, target: number, name: string, path: string, depth: number): Promise<void> {
    checked(at().statx(fd, '', AT_EMPTY_PATH | AT_STATX_DONT_SYNC), 'stat', path);
    if (deviceOf(at().stat) !== this.#device) {
      this.#left++;
      return;
    }
    const attributes = attributesOf(at().stat);
    switch (attributes.mode & S_IFMT) {
      case S_IFDIR: {
        checked(at().mkdirat(target, name, 0o700), 'mkdir', path);
        const made = open(target, name, O_DIRECTORY | O_NOFOLLOW);
        try {
          await this.#directory(fd, made, path, depth + 1);
          return;
        } finally {
          shut(made);
        }
      }
      case S_IFREG:
        return this.#file(fd, target, name, path, attributes);
      case S_IFLNK: {
        const length = checked(at().readlinkat(fd, '', text), 'readlink', path);
        checked(at().symlinkat(nameText(text.subarray(0, length)), target, name), 'symlink', path);
        this.#named(target, name, attributes, path);
        return;
      }
      case S_IFIFO:
        checked(at().mknodat(target, name, S_IFIFO | 0o600, 0), 'mknod', path);
        checked(at().fchmodat(target, name, attributes.mode & 0o777), 'chmod', path);
        {
          this.#named(target, name, attributes, path);
          return;
        }
      default:
        this.#left++;
    }
  }

  async #file(fd: number, target: number, name: string, path: string, attributes: Attributes): Promise<void> {
    const first = attributes.nlink > 1 ? this.#linked.get(attributes.qid) : undefined;
    if (first !== undefined) {
      // The path lies in the copy, where nobody else makes names.
      checked(at().linkat(this.#target, first, target, name, 0), 'link', path);
      return;
    }
    const from = checked(at().openat(AT_FDCWD, magic(fd), O_NONBLOCK | O_CLOEXEC, 0), 'open', path);
    try {
      const to = open(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      try {
        if (!(await this.#clone(from, to, attributes))) await this.#content(from, to, attributes.size);
        this.#finish(to, attributes, path);
      } finally {
        shut(to);
      }
    } finally {
      shut(from);
    }
    if (attributes.nlink > 1) this.#linked.set(attributes.qid, path);
  }

  /** Shares the blocks (FICLONE), where the file system can. */
  async #clone(from: number, to: number, { size, blocks }: Attributes): Promise<boolean> {
    if (!this.#clones || size === 0) return false;
    const bytes = Math.min(size, blocks * 512);
    this.#room(bytes);
    try {
      await fs.promises.copyFile(magic(from), magic(to), fs.constants.COPYFILE_FICLONE_FORCE);
    } catch {
      // Not here, then: the first answer holds for the whole file system, and the content is copied in pieces.
      this.#clones = false;
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  /** What there is at first: a file that grows meanwhile is not followed. */
  async #content(from: number, to: number, size: number): Promise<void> {
    const { lseek, ftruncate } = at();
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, size));
    for (let data = lseek(from, 0, SEEK_DATA); data < size; data = lseek(from, data, SEEK_DATA)) {
      if (data === ENXIO) break;
      checked(data, 'lseek');
      const end = Math.min(checked(lseek(from, data, SEEK_HOLE), 'lseek'), size);
      this.#room(end - data);
      while (data < end) {
        if (this.#options.signal?.aborted) throw new Errno('EINTR');
        const { bytesRead } = await read(from, buffer, 0, Math.min(buffer.length, end - data), data);
        if (bytesRead === 0) break;
        for (let done = 0; done < bytesRead;) {
          done += (await write(to, buffer, done, bytesRead - done, data + done)).bytesWritten;
        }
        this.#bytes += bytesRead;
        data += bytesRead;
      }
      if (data < end) break; // it was cut while we read
    }
    checked(ftruncate(to, size), 'truncate');
  }

  #room(bytes: number): void {
    if (this.#bytes + bytes > this.#options.bytes) throw new Errno('EFBIG', `more than ${this.#options.bytes} bytes`);
  }

  /** Owner, mode and time of what is open; the owner first, because chown takes set-uid away. */
  #finish(fd: number, { mode, uid, gid, atime, mtime }: Attributes, path: string): void {
    const calls = at();
    if (this.#root) checked(calls.fchownat(fd, '', uid, gid, AT_EMPTY_PATH), 'chown', path);
    checked(calls.fchmodat(AT_FDCWD, magic(fd), mode & 0o7777), 'chmod', path);
    checked(calls.utimensat(fd, '', times(atime, mtime), AT_EMPTY_PATH), 'utimens', path);
  }

  #named(target: number, name: string, { uid, gid, atime, mtime }: Attributes, path: string): void {
    const calls = at();
    if (this.#root) checked(calls.fchownat(target, name, uid, gid, AT_SYMLINK_NOFOLLOW), 'chown', path);
    checked(calls.utimensat(target, name, times(atime, mtime), AT_SYMLINK_NOFOLLOW), 'utimens', path);
  }
}

const text = Buffer.alloc(4096);
const SECOND = 1_000_000_000n;

const times = (...values: bigint[]): BigInt64Array =>
  BigInt64Array.from(
    values.flatMap((value) => {
      const rest = ((value % SECOND) + SECOND) % SECOND;
      return [(value - rest) / SECOND, rest];
    }),
  );
