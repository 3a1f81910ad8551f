import type { Client as Remote, RemoteFile } from '../../src/9p/client.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { isDirectory, isLink, O_APPEND, O_CREAT, S_IFMT } from '../../src/kernel/mode.ts';
import type { Client, Listed, Opened, Stat } from './client.ts';

/** DT_ numbers of readdir(3) are the type bits of a mode. */
const DT_SHIFT = 12;

/** A program that speaks 9P2000.L itself, through our own client. */
export class NinepClient implements Client {
  readonly #remote: Remote;
  readonly #open = new Set<Opened>();

  constructor(remote: Remote) {
    this.#remote = remote;
  }

  async open(path: string, flags: number): Promise<Opened> {
    const file = await this.#remote.open(path, flags, { mode: 0o644 });
    const opened = new NinepFile(file, flags, () => this.#open.delete(opened));
    this.#open.add(opened);
    return opened;
  }

  async stat(path: string): Promise<Stat> {
    const { qid, mode, size, uid, gid, mtime } = await this.#remote.stat(path);
    return { ino: Number(qid.path), mode, size, uid, gid, mtimeMs: Number(mtime / 1_000_000n) };
  }

  async list(path: string): Promise<Listed[]> {
    return (await this.#remote.list(path)).map(({ name, type, qid }) => {
      const mode = (type << DT_SHIFT) & S_IFMT;
      return { name, ino: Number(qid.path), kind: isDirectory(mode) ? 'directory' : isLink(mode) ? 'link' : 'file' };
    });
  }

  mkdir(path: string): Promise<void> {
    return this.#remote.mkdir(path, 0o755);
  }

  rmdir(path: string): Promise<void> {
    return this.#unlink(path, true);
  }

  unlink(path: string): Promise<void> {
    return this.#unlink(path, false);
  }

  async #unlink(path: string, directory: boolean): Promise<void> {
    const { fid, name } = await this.#above(path);
    try {
      await fid.unlink(name, directory);
    } finally {
      await fid.clunk();
    }
  }

  async #above(path: string) {
    const names = path.split('/').filter(Boolean);
    const name = names.pop();
    if (name === undefined) throw new Errno('EBUSY');
    const { fid } = await this.#remote.root.walk(names);
    return { fid, name };
  }

  rename(path: string, to: string): Promise<void> {
    return this.#remote.rename(path, to);
  }

  truncate(path: string, size: number): Promise<void> {
    return this.#remote.setattr(path, { size });
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#remote.setattr(path, { mode });
  }

  chown(path: string, uid: number, gid: number): Promise<void> {
    return this.#remote.setattr(path, { uid, gid });
  }

  utimes(path: string, atime: number, mtime: number): Promise<void> {
    const [a, m] = [atime, mtime].map((seconds) => BigInt(seconds) * 1_000_000_000n);
    return this.#remote.setattr(path, { atime: a!, mtime: m! });
  }

  readlink(path: string): Promise<string> {
    return this.#remote.readlink(path);
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#remote.symlink(target, path);
  }

  async link(path: string, to: string): Promise<void> {
    const { fid } = await this.#remote.root.walk(path.split('/').filter(Boolean));
    const { fid: directory, name } = await this.#above(to);
    try {
      await directory.link(name, fid);
    } finally {
      await directory.clunk();
      await fid.clunk();
    }
  }

  async end(): Promise<void> {
    for (const file of [...this.#open]) await file.close();
    await this.#remote.close();
  }
}

class NinepFile implements Opened {
  readonly #file: RemoteFile;
  readonly #flags: number;
  readonly #closed: () => void;
  #offset = 0;
  #reading: AbortController | undefined;

  constructor(file: RemoteFile, flags: number, closed: () => void) {
    this.#file = file;
    this.#flags = flags & ~O_CREAT;
    this.#closed = closed;
  }

  async read(count = 65536): Promise<Buffer> {
    this.#reading = new AbortController();
    const bytes = await this.#file.read(count, this.#offset, this.#reading.signal);
    this.#offset += bytes.length;
    return Buffer.from(bytes);
  }

  interrupt(): void {
    this.#reading?.abort();
  }

  async write(data: string | Uint8Array): Promise<number> {
    const bytes = Buffer.from(data);
    // As Linux's client does it (measured): appends carry offset 0. One message a write, so that it stays one.
    const offset = this.#flags & O_APPEND ? 0 : this.#offset;
    const count = await this.#file.fid.write(offset, bytes);
    this.#offset += count;
    return count;
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size);
  }

  fsync(): Promise<void> {
    return this.#file.fsync();
  }

  close(): Promise<void> {
    this.#closed();
    return this.#file.close();
  }
}
