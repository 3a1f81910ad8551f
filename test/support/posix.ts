import { Errno } from '../../src/kernel/errno.ts';
import type { Attributes } from '../../src/kernel/node.ts';
import type { Request } from '../../src/kernel/request.ts';
import type { Session } from '../../src/kernel/session.ts';

/** Paths on a session, as system calls have them on a file system. Every path begins at the root. */
export class Paths {
  readonly session: Session;
  #next = 1000;

  constructor(session: Session) {
    this.session = session;
  }

  /** A fid for a path, whose last component is not followed. */
  async fid(path: string, request: Request): Promise<number> {
    const fid = this.#next++;
    const parts = path.split('/').filter(Boolean);
    await this.session.attach(fid, request);
    try {
      for (const [i] of parts.entries()) {
        // One name at a time gives the error of the very name; two where a link has to be passed.
        const probe = this.#next++;
        const made = await this.session.walk(fid, probe, parts.slice(0, i + 1), request);
        if (made.length <= i) throw await this.#reason(fid, parts.slice(0, i), parts[i]!, request);
        await this.session.clunk(probe);
      }
      await this.session.walk(fid, fid, parts, request);
      return fid;
    } catch (error) {
      await this.session.clunk(fid);
      throw error;
    }
  }

  /** Why a walk stopped: the first name of a walk says it. */
  async #reason(root: number, passed: string[], name: string, request: Request): Promise<unknown> {
    const above = this.#next++;
    const below = this.#next++;
    if ((await this.session.walk(root, above, passed, request)).length < passed.length) return new Errno('ENOENT');
    try {
      await this.session.walk(above, below, [name], request);
      await this.session.clunk(below);
      return new Error('the walk that failed works');
    } catch (error) {
      return error;
    } finally {
      await this.session.clunk(above);
    }
  }

  async with<T>(path: string, request: Request, use: (fid: number) => T | Promise<T>): Promise<T> {
    const fid = await this.fid(path, request);
    try {
      return await use(fid);
    } finally {
      await this.session.clunk(fid);
    }
  }

  /** The directory of a path, through links, and the last name. */
  async in<T>(path: string, request: Request, use: (fid: number, name: string) => T | Promise<T>): Promise<T> {
    const cut = path.lastIndexOf('/');
    // `.` makes the walk go on past a link.
    return this.with(`${path.slice(0, Math.max(cut, 0))}/.`, request, (fid) => use(fid, path.slice(cut + 1)));
  }

  stat(path: string, request: Request): Promise<Attributes> {
    return this.with(path, request, (fid) => this.session.stat(fid, request));
  }
}
