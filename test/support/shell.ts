import { O_APPEND, O_CREAT, O_DIRECTORY, O_RDWR, O_TRUNC, O_WRONLY, isDirectory } from '../../src/kernel/mode.ts';
import type { Attributes, Entry } from '../../src/kernel/node.ts';
import { cat, drain } from '../conformance/client.ts';
import { SessionClient } from '../conformance/session-client.ts';

/** What a shell does to a tree, on a bare session. Every call rejects with the Errno the session gives. */
export class Shell extends SessionClient {
  cat(path: string): Promise<string> {
    return cat(this, path);
  }

  /** The lines of a text, without their newlines. */
  async lines(path: string): Promise<string[]> {
    return (await this.cat(path)).split('\n').slice(0, -1);
  }

  /** lstat, with the number and the version of the qid. */
  async attributes(path: string): Promise<Attributes> {
    const fid = await this.fid(path);
    try {
      return await this.session.stat(fid, this.session.request());
    } finally {
      await this.session.clunk(fid);
    }
  }

  /** A listing as the session gives it, without `.` and `..`. */
  async entries(path: string): Promise<readonly Entry[]> {
    const fid = await this.fid(path);
    try {
      await this.session.open(fid, O_DIRECTORY, this.session.request());
      return (await this.session.entries(fid, true, this.session.request())).slice(2);
    } finally {
      await this.session.clunk(fid);
    }
  }

  async ls(path: string): Promise<string[]> {
    return (await this.entries(path)).map(({ name }) => name);
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
    try {
      if (text.length > 0) await file.write(text);
    } catch (error) {
      // A shell closes it all the same, and tells the first error.
      await file.close().catch((second: unknown) => Object.assign(error as Error, { second }));
      throw error;
    }
    await file.close();
  }

  /** Writes a request, and reads the answer on the same descriptor. */
  async ask(path: string, text: string): Promise<string> {
    const file = await this.open(path, O_RDWR);
    try {
      await file.write(text);
      return await drain(file);
    } finally {
      await file.close();
    }
  }

  /** Every path there is, by listings; directories before what is in them. Links are not followed. */
  async *walk(path = ''): AsyncGenerator<{ path: string; entry: Entry }> {
    for (const entry of await this.entries(path)) {
      const below = `${path}/${entry.name}`;
      yield { path: below, entry };
      if (isDirectory(entry.mode)) yield* this.walk(below);
    }
  }
}
