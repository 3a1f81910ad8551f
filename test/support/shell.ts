import { O_APPEND, O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import type { Attributes, Entry } from '../../src/kernel/node.ts';
import type { Request } from '../../src/kernel/request.ts';
import type { Session } from '../../src/kernel/session.ts';

/** What a shell does to a tree, on a bare session. Every call rejects with the Errno the session gives. */
export class Shell {
  readonly session: Session;
  #next = 0;

  constructor(session: Session) {
    this.session = session;
  }

  /** A fid for a path; links on the way are followed, the last is not. The caller clunks it. */
  async fid(path: string): Promise<number> {
    const { session } = this;
    const fid = ++this.#next;
    await session.attach(fid, session.request());
    try {
      let left = path.split('/').filter(Boolean);
      while (left.length > 0) {
        const passed = (await session.walk(fid, fid, left, session.request())).length;
        if (passed === left.length) break;
        // Where a walk stops short, the walk of the rest says why.
        await session.walk(fid, fid, left.slice(0, passed), session.request());
        left = left.slice(passed);
      }
      return fid;
    } catch (error) {
      await session.clunk(fid);
      throw error;
    }
  }

  async at<T>(path: string, use: (fid: number, request: Request) => T | Promise<T>): Promise<T> {
    const fid = await this.fid(path);
    try {
      return await use(fid, this.session.request());
    } finally {
      if (this.session.has(fid)) await this.session.clunk(fid);
    }
  }

  async above<T>(path: string, use: (fid: number, name: string, request: Request) => T | Promise<T>): Promise<T> {
    const cut = path.lastIndexOf('/');
    return this.at(path.slice(0, cut), (fid, request) => use(fid, path.slice(cut + 1), request));
  }

  /** lstat */
  stat(path: string): Promise<Attributes> {
    return this.at(path, (fid, request) => this.session.stat(fid, request));
  }

  async entries(path: string): Promise<Entry[]> {
    return this.at(path, async (fid, request) => {
      await this.session.open(fid, O_DIRECTORY, request);
      return (await this.session.entries(fid, true, request)).slice(2);
    });
  }

  async ls(path: string): Promise<string[]> {
    return (await this.entries(path)).map(({ name }) => name);
  }

  /** open(2) with Linux's flags; O_CREAT makes what is not there. */
  async open(path: string, flags: number): Promise<Descriptor> {
    const { session } = this;
    let fid: number;
    try {
      fid = await this.fid(path);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT' || !(flags & O_CREAT)) throw error;
      const cut = path.lastIndexOf('/');
      fid = await this.fid(path.slice(0, cut));
      await this.#opening(fid, () => session.create(fid, path.slice(cut + 1), flags, 0o644, session.request()));
      return new Descriptor(session, fid);
    }
    await this.#opening(fid, () => session.open(fid, flags & ~O_CREAT, session.request()));
    return new Descriptor(session, fid);
  }

  async #opening(fid: number, open: () => unknown): Promise<void> {
    try {
      await open();
    } catch (error) {
      await this.session.clunk(fid);
      throw error;
    }
  }

  async cat(path: string): Promise<string> {
    const file = await this.open(path, O_RDONLY);
    try {
      return await file.rest();
    } finally {
      await file.close();
    }
  }

  /** The lines of a text, without their newlines. */
  async lines(path: string): Promise<string[]> {
    return (await this.cat(path)).split('\n').slice(0, -1);
  }

  /** `printf %s text > path`: rejects with what the write or the close says. */
  write(path: string, text: string | Uint8Array): Promise<void> {
    return this.#put(path, text, O_WRONLY | O_CREAT | O_TRUNC);
  }

  append(path: string, text: string): Promise<void> {
    return this.#put(path, text, O_WRONLY | O_CREAT | O_APPEND);
  }

  async #put(path: string, text: string | Uint8Array, flags: number): Promise<void> {
    const file = await this.open(path, flags);
    let failed: { error: unknown } | undefined;
    try {
      if (text.length > 0) await file.write(text);
    } catch (error) {
      failed = { error };
    }
    try {
      await file.close();
    } catch (error) {
      failed ??= { error };
    }
    if (failed) throw failed.error;
  }

  /** Writes a request, and reads the answer on the same descriptor. */
  async ask(path: string, text: string): Promise<string> {
    const file = await this.open(path, O_RDWR);
    try {
      await file.write(text);
      return await file.rest();
    } finally {
      await file.close();
    }
  }

  async mkdir(path: string): Promise<void> {
    await this.above(path, (fid, name, request) => this.session.mkdir(fid, name, 0o755, request));
  }

  async rmdir(path: string): Promise<void> {
    await this.above(path, (fid, name, request) => this.session.unlink(fid, name, true, request));
  }

  async rm(path: string): Promise<void> {
    await this.above(path, (fid, name, request) => this.session.unlink(fid, name, false, request));
  }

  async mv(path: string, to: string): Promise<void> {
    await this.above(path, (fid, name) =>
      this.above(to, (toFid, newName, request) => this.session.rename(fid, name, toFid, newName, 0, request)),
    );
  }

  readlink(path: string): Promise<string> {
    return this.at(path, (fid, request) => this.session.readlink(fid, request));
  }

  /** Every path there is, by listings; directories before what is in them. Links are not followed. */
  async *walk(path = ''): AsyncGenerator<{ path: string; entry: Entry }> {
    for (const entry of await this.entries(path)) {
      const below = `${path}/${entry.name}`;
      yield { path: below, entry };
      if ((entry.mode & 0o170000) === 0o040000) yield* this.walk(below);
    }
  }
}

/** An open file at its own offset. */
export class Descriptor {
  readonly fid: number;
  readonly #session: Session;
  #offset = 0;

  constructor(session: Session, fid: number) {
    this.#session = session;
    this.fid = fid;
  }

  async read(count = 65536, request = this.#session.request()): Promise<string> {
    const bytes = await this.#session.read(this.fid, this.#offset, count, request);
    this.#offset += bytes.length;
    return Buffer.from(bytes).toString();
  }

  async rest(): Promise<string> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const bytes = await this.#session.read(this.fid, this.#offset, 65536, this.#session.request());
      if (bytes.length === 0) return Buffer.concat(parts).toString();
      this.#offset += bytes.length;
      parts.push(Uint8Array.from(bytes));
    }
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#offset += await this.#session.write(this.fid, this.#offset, bytes, this.#session.request());
  }

  /** What close(2) of one of several descriptors does. */
  async flush(): Promise<void> {
    await this.#session.flush(this.fid, this.#session.request());
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#session.clunk(this.fid);
    }
  }
}
