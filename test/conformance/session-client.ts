import { Errno } from '../../src/kernel/errno.ts';
import { isDirectory, isLink, O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL } from '../../src/kernel/mode.ts';
import type { Attributes, Changed } from '../../src/kernel/node.ts';
import type { Request } from '../../src/kernel/request.ts';
import type { Session } from '../../src/kernel/session.ts';
import type { Client, Listed, Opened, Stat } from './client.ts';

export interface SessionClientOptions {
  /** Reads and writes of streams carry offset 0, as Linux sends them for FOPEN_STREAM; else the running offset. */
  streamsAtZero?: boolean;
}

/** A program on a bare session: what the kernel does between system calls and FUSE or 9P, and nothing else. */
export class SessionClient implements Client {
  readonly session: Session;
  readonly #options: SessionClientOptions;
  #last = 0;

  constructor(session: Session, options: SessionClientOptions = {}) {
    this.session = session;
    this.#options = options;
  }

  /** The fid of a path, without following its last name; the caller clunks it. */
  async fid(path: string): Promise<number> {
    const { session } = this;
    const at = ++this.#last;
    await session.attach(at, session.request());
    try {
      const names = path.split('/').filter(Boolean);
      while (names.length > 0) {
        const passed = await session.walk(at, at, names, session.request());
        if (passed.length === names.length) break;
        // Shorter: go there, and let the name that is missing say why.
        const reached = names.splice(0, passed.length);
        await session.walk(at, at, reached, session.request());
        names.splice(1);
      }
      return at;
    } catch (error) {
      await session.clunk(at);
      throw error;
    }
  }

  async #with<T>(path: string, use: (fid: number, request: Request) => T | Promise<T>): Promise<T> {
    const fid = await this.fid(path);
    try {
      return await use(fid, this.session.request());
    } finally {
      await this.session.clunk(fid);
    }
  }

  async #above<T>(path: string, use: (fid: number, name: string, request: Request) => T | Promise<T>): Promise<T> {
    const { parent, name } = split(path);
    return this.#with(parent, (fid, request) => use(fid, name, request));
  }

  async open(path: string, flags: number): Promise<SessionFile> {
    const { session } = this;
    let fid: number;
    let opened;
    try {
      // The session decides what O_EXCL says of a name that is there.
      if (flags & O_CREAT && flags & O_EXCL) throw new Errno('ENOENT');
      fid = await this.fid(path);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT' || !(flags & O_CREAT)) throw error;
      const { parent, name } = split(path);
      fid = await this.fid(parent);
      try {
        opened = await session.create(fid, name, flags, 0o644, session.request());
      } catch (failed) {
        await session.clunk(fid);
        throw failed;
      }
      return new SessionFile(session, fid, flags, this.#fixed(opened.style));
    }
    try {
      opened = await session.open(fid, flags & ~O_CREAT, session.request());
    } catch (error) {
      await session.clunk(fid);
      throw error;
    }
    return new SessionFile(session, fid, flags, this.#fixed(opened.style));
  }

  #fixed(style: string): boolean {
    return style === 'stream' && this.#options.streamsAtZero === true;
  }

  async stat(path: string): Promise<Stat> {
    return this.#with(path, async (fid, request) => statOf(await this.session.stat(fid, request)));
  }

  async list(path: string): Promise<Listed[]> {
    return this.#with(path, async (fid, request) => {
      await this.session.open(fid, O_DIRECTORY, request);
      const entries = await this.session.entries(fid, true, request);
      return entries.slice(2).map(({ name, qid, mode }) => ({
        name,
        ino: qid,
        kind: isDirectory(mode) ? 'directory' : isLink(mode) ? 'link' : 'file',
      }));
    });
  }

  async mkdir(path: string): Promise<void> {
    await this.#above(path, (fid, name, request) => this.session.mkdir(fid, name, 0o755, request));
  }

  async rmdir(path: string): Promise<void> {
    await this.#above(path, (fid, name, request) => this.session.unlink(fid, name, true, request));
  }

  async unlink(path: string): Promise<void> {
    await this.#above(path, (fid, name, request) => this.session.unlink(fid, name, false, request));
  }

  async rename(path: string, to: string): Promise<void> {
    await this.#above(path, (fid, name) =>
      this.#above(to, (toFid, newName, request) => this.session.rename(fid, name, toFid, newName, 0, request)),
    );
  }

  async #setattr(path: string, changed: Changed): Promise<void> {
    await this.#with(path, (fid, request) => this.session.setattr(fid, changed, request));
  }

  truncate(path: string, size: number): Promise<void> {
    return this.#setattr(path, { size });
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#setattr(path, { mode });
  }

  chown(path: string, uid: number, gid: number): Promise<void> {
    return this.#setattr(path, { uid, gid });
  }

  utimes(path: string, atime: number, mtime: number): Promise<void> {
    return this.#setattr(path, { atime: BigInt(atime) * 1_000_000_000n, mtime: BigInt(mtime) * 1_000_000_000n });
  }

  readlink(path: string): Promise<string> {
    return this.#with(path, (fid, request) => this.session.readlink(fid, request));
  }

  async symlink(target: string, path: string): Promise<void> {
    await this.#above(path, (fid, name, request) => this.session.symlink(fid, name, target, request));
  }

  async link(path: string, to: string): Promise<void> {
    await this.#with(path, (target) =>
      this.#above(to, (fid, name, request) => this.session.link(fid, name, target, request)),
    );
  }

  end(): Promise<void> {
    return this.session.close();
  }
}

export class SessionFile implements Opened {
  readonly #session: Session;
  readonly fid: number;
  readonly #flags: number;
  readonly #fixed: boolean;
  #offset = 0;
  #reading: Request | undefined;

  constructor(session: Session, fid: number, flags: number, fixed: boolean) {
    this.#session = session;
    this.fid = fid;
    this.#flags = flags;
    this.#fixed = fixed;
  }

  async read(count = 65536): Promise<Buffer> {
    this.#reading = this.#session.request();
    const bytes = await this.#session.read(this.fid, this.#fixed ? 0 : this.#offset, count, this.#reading);
    this.#offset += bytes.length;
    return Buffer.from(bytes);
  }

  interrupt(): void {
    this.#reading?.abort();
  }

  async write(data: string | Uint8Array): Promise<number> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    // 9P's client sends appends with offset 0 (measured), so that a file may not rely on it.
    const offset = this.#fixed || this.#flags & O_APPEND ? 0 : this.#offset;
    const count = await this.#session.write(this.fid, offset, bytes, this.#session.request());
    this.#offset += count;
    return count;
  }

  async truncate(size: number): Promise<void> {
    await this.#session.setattr(this.fid, { size }, this.#session.request(), this.fid);
  }

  async fsync(): Promise<void> {
    await this.#session.fsync(this.fid, false, this.#session.request());
  }

  /** A close of one of several descriptors (dup, fork). */
  async flush(): Promise<void> {
    await this.#session.flush(this.fid, this.#session.request());
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      await this.#session.clunk(this.fid);
      throw error;
    }
    await this.#session.clunk(this.fid);
  }
}

const split = (path: string): { parent: string; name: string } => {
  const parts = path.split('/').filter(Boolean);
  const name = parts.pop() ?? '';
  return { parent: `/${parts.join('/')}`, name };
};

const statOf = (attributes: Attributes): Stat => ({
  ino: attributes.qid,
  mode: attributes.mode,
  size: attributes.size,
  uid: attributes.uid,
  gid: attributes.gid,
  mtimeMs: Number(attributes.mtime / 1_000_000n),
});
