import { Errno } from '../kernel/errno.ts';
import { O_CREAT, O_EXCL, O_TRUNC, writes } from '../kernel/mode.ts';
import type { Changed, Space } from '../kernel/node.ts';
import { STATS_BASIC, attributesOf, setattrOf } from './attributes.ts';
import type { RemoteAttributes } from './attributes.ts';
import type { Dirent } from './dirent.ts';
import { AT_REMOVEDIR, IO_HEAD, MAX_NAMES, QTDIR } from './fields.ts';
import type { Qid } from './fields.ts';
import type { Rpc } from './rpc.ts';
import { ROOT } from './uplink.ts';
import type { Attached, Uplink } from './uplink.ts';
import { safe } from './wire.ts';
import type { U64 } from './wire.ts';

/** How often a request is repeated on a new connection. */
const ATTEMPTS = 5;
/** Entries of one directory, and bytes of one extended attribute (XATTR_SIZE_MAX of linux/limits.h): no server has more. */
const MAX_ENTRIES = 4_194_304;
const MAX_XATTR = 65_536;

/**
 * A place on the server, or a file opened there. It is bound to a fid of the connection in force, and bound again by its path
 * when that is a new one. Requests that may be repeated are repeated then; those that may not (write, create, mkdir, rename,
 * remove, setattr...) reject with ECONNRESET, and so does everything on a file that was open for writing.
 */
export class RemoteFid {
  /** The names walked from the root. */
  path: readonly string[];
  readonly #uplink: Uplink;
  #attached: Attached | undefined;
  #number: number;
  readonly #root: boolean;
  #binding: Promise<number> | undefined;
  /** open(2)'s flags, once it is open. */
  #flags: number | undefined;
  /** Open since an earlier connection: what a stream had said is not there any more. */
  #reopened = false;
  #written = false;
  #gone = false;

  constructor(uplink: Uplink, path: readonly string[], attached?: Attached, number?: number) {
    this.#uplink = uplink;
    this.path = path;
    this.#attached = attached;
    this.#number = number ?? ROOT;
    this.#root = number === undefined;
  }

  /** Runs a request on this fid, again on a new connection where it is safe to repeat. */
  async #use<T>(
    repeat: boolean,
    signal: AbortSignal | undefined,
    call: (rpc: Rpc, fid: number, attached: Attached) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const attached = await this.#uplink.live(signal);
      const last = attempt === ATTEMPTS || signal?.aborted === true;
      let fid: number;
      try {
        fid = await this.#bind(attached, signal);
      } catch (error) {
        if (attached.rpc.alive() || last) throw error;
        continue;
      }
      try {
        return await call(attached.rpc, fid, attached);
      } catch (error) {
        if (attached.rpc.alive() || last || !repeat) throw error;
      }
    }
  }

  #bind(attached: Attached, signal: AbortSignal | undefined): number | Promise<number> {
    if (this.#gone) throw new Errno('EBADF', 'the fid was clunked');
    if (this.#attached === attached) return this.#number;
    if (this.#root) return ROOT;
    if (this.#flags !== undefined && writes(this.#flags)) {
      throw new Errno('ECONNRESET', 'what was open for writing was lost with the connection');
    }
    const binding = (this.#binding ??= this.#again(attached, signal).finally(() => {
      if (this.#binding === binding) this.#binding = undefined;
    }));
    return binding;
  }

  async #again(attached: Attached, signal: AbortSignal | undefined): Promise<number> {
    const { fid } = await reach(attached, ROOT, this.path, signal).catch((error: unknown) => {
      if (!(error instanceof Errno && error.code === 'ENOENT')) throw error;
      throw new Errno('ESTALE', `/${this.path.join('/')} is gone`);
    });
    try {
      if (this.#flags !== undefined) {
        const flags = this.#flags & ~(O_CREAT | O_EXCL | O_TRUNC);
        await attached.rpc.call({ type: 'Tlopen', fid, flags }, signal);
        this.#reopened = true;
      }
    } catch (error) {
      await attached.drop(fid);
      if (error instanceof Errno && error.code === 'ENOENT')
        throw new Errno('ESTALE', `/${this.path.join('/')} is gone`);
      throw error;
    }
    this.#attached = attached;
    this.#number = fid;
    return fid;
  }

  /** A new fid, `names` further on. ENOENT where one of them is missing. */
  walk(names: readonly string[], signal?: AbortSignal): Promise<{ fid: RemoteFid; qids: readonly Qid[] }> {
    return this.#use(true, signal, async (_rpc, from, attached) => {
      const { fid, qids } = await reach(attached, from, names, signal);
      return { fid: new RemoteFid(this.#uplink, [...this.path, ...names], attached, fid), qids };
    });
  }

  /** Opens it, as a file or a directory; flags are Linux's. */
  open(flags: number, signal?: AbortSignal): Promise<Qid> {
    this.#own();
    return this.#use((flags & O_TRUNC) === 0, signal, async (rpc, fid) => {
      const { qid } = await rpc.call({ type: 'Tlopen', fid, flags }, signal);
      this.#flags = flags;
      this.#written = (flags & O_TRUNC) !== 0;
      return qid;
    });
  }

  /** The fid of the attach stays what it is: walk to one of your own first. */
  #own(): void {
    if (this.#root) throw new Errno('EBADF', 'the fid of the root is shared');
  }

  /** Makes a file in this directory; the fid then is that file, open. */
  create(name: string, flags: number, mode: number, signal?: AbortSignal): Promise<Qid> {
    return this.#use(false, signal, async (rpc, fid) => {
      const { qid } = await rpc.call(
        { type: 'Tlcreate', fid, name, flags, mode, gid: process.getgid?.() ?? 0 },
        signal,
      );
      this.path = [...this.path, name];
      this.#flags = flags;
      this.#written = true;
      return qid;
    });
  }

  /** At most `count` bytes, and at most what one message holds; empty is the end. The bytes are the caller's to read, not to keep for long: they are a view of what the socket delivered. */
  read(offset: number, count: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#use(true, signal, async (rpc, fid) => {
      if (this.#reopened && offset > 0) {
        const { size } = await rpc.call({ type: 'Tgetattr', fid, request_mask: STATS_BASIC }, signal);
        if (size < offset) throw new Errno('ECONNRESET', 'the stream was lost with the connection');
        this.#reopened = false;
      }
      const most = Math.min(count, rpc.msize - IO_HEAD);
      const { data } = await rpc.call({ type: 'Tread', fid, offset, count: most }, signal);
      if (data.length > most) throw new Errno('EPROTO', 'the server sent more than was asked for');
      return data;
    });
  }

  /** Writes what one message holds; returns the bytes taken. */
  write(offset: number, data: Uint8Array, signal?: AbortSignal): Promise<number> {
    return this.#use(false, signal, async (rpc, fid) => {
      this.#written = true;
      const part = data.subarray(0, rpc.msize - IO_HEAD);
      const { count } = await rpc.call({ type: 'Twrite', fid, offset, data: part }, signal);
      return Math.min(count, part.length);
    });
  }

  fsync(dataOnly = false, signal?: AbortSignal): Promise<void> {
    return this.#use(!this.#written, signal, async (rpc, fid) => {
      await rpc.call({ type: 'Tfsync', fid, datasync: dataOnly ? 1 : 0 }, signal);
    });
  }

  /** Every entry of this directory, which is open. EPROTO from a server whose listing has no end. */
  readdir(signal?: AbortSignal): Promise<Dirent[]> {
    return this.#use(true, signal, async (rpc, fid) => {
      const page = async (offset: U64): Promise<readonly Dirent[]> => {
        const message = { type: 'Treaddir', fid, offset, count: rpc.msize - IO_HEAD } as const;
        return (await rpc.call(message, signal)).entries;
      };
      const all: Dirent[] = [];
      // Cookies need not grow (tmpfs counts down), but one that comes again would begin a circle.
      const cookies = new Set<U64>([0]);
      for (let cookie: U64 = 0; ;) {
        const entries = await page(cookie);
        const last = entries.at(-1);
        if (!last) return all;
        for (const entry of entries) all.push(entry);
        cookie = last.offset;
        if (cookies.has(cookie)) throw new Errno('EPROTO', 'the listing of a directory goes in a circle');
        if (all.length > MAX_ENTRIES) throw new Errno('EPROTO', `a directory of more than ${MAX_ENTRIES} entries`);
        cookies.add(cookie);
      }
    });
  }

  getattr(signal?: AbortSignal): Promise<RemoteAttributes> {
    return this.#use(true, signal, async (rpc, fid) =>
      attributesOf(await rpc.call({ type: 'Tgetattr', fid, request_mask: STATS_BASIC }, signal)),
    );
  }

  setattr(changed: Changed, signal?: AbortSignal): Promise<void> {
    return this.#use(false, signal, async (rpc, fid) => {
      await rpc.call(setattrOf(fid, changed), signal);
    });
  }

  statfs(signal?: AbortSignal): Promise<Space> {
    return this.#use(true, signal, async (rpc, fid) => {
      const { bsize, blocks, bfree, bavail, files, ffree, namelen } = await rpc.call({ type: 'Tstatfs', fid }, signal);
      return {
        bsize,
        blocks: Number(blocks),
        bfree: Number(bfree),
        bavail: Number(bavail),
        files: Number(files),
        ffree: Number(ffree),
        namelen,
      };
    });
  }

  readlink(signal?: AbortSignal): Promise<string> {
    return this.#use(true, signal, async (rpc, fid) => {
      const { target } = await rpc.call({ type: 'Treadlink', fid }, signal);
      return target;
    });
  }

  mkdir(name: string, mode: number, signal?: AbortSignal): Promise<Qid> {
    return this.#use(false, signal, async (rpc, dfid) => {
      const { qid } = await rpc.call({ type: 'Tmkdir', dfid, name, mode, gid: process.getgid?.() ?? 0 }, signal);
      return qid;
    });
  }

  symlink(name: string, target: string, signal?: AbortSignal): Promise<Qid> {
    return this.#use(false, signal, async (rpc, fid) => {
      const message = { type: 'Tsymlink', fid, name, symtgt: target, gid: process.getgid?.() ?? 0 } as const;
      return (await rpc.call(message, signal)).qid;
    });
  }

  mknod(name: string, mode: number, major: number, minor: number, signal?: AbortSignal): Promise<Qid> {
    return this.#use(false, signal, async (rpc, dfid) => {
      const message = { type: 'Tmknod', dfid, name, mode, major, minor, gid: process.getgid?.() ?? 0 } as const;
      return (await rpc.call(message, signal)).qid;
    });
  }

  /** Another name, in this directory, for what `target` is. */
  link(name: string, target: RemoteFid, signal?: AbortSignal): Promise<void> {
    return this.#with(target, signal, async ({ rpc }, dfid, fid) => {
      await rpc.call({ type: 'Tlink', dfid, fid, name }, signal);
    });
  }

  /** Where a server lacks Tunlinkat (diod 1.0), by walking there and Tremove, as Linux does. */
  unlink(name: string, directory: boolean, signal?: AbortSignal): Promise<void> {
    return this.#use(false, signal, async (rpc, dirfid, attached) => {
      try {
        await rpc.call({ type: 'Tunlinkat', dirfid, name, flags: directory ? AT_REMOVEDIR : 0 }, signal);
      } catch (error) {
        if (!lacking(error)) throw error;
        await removeByWalk(attached, dirfid, name, directory, signal);
      }
    });
  }

  /** Where a server lacks Trenameat, by walking there and Trename. */
  rename(oldname: string, to: RemoteFid, newname: string, signal?: AbortSignal): Promise<void> {
    return this.#with(to, signal, async (attached, olddirfid, newdirfid) => {
      const { rpc } = attached;
      try {
        await rpc.call({ type: 'Trenameat', olddirfid, oldname, newdirfid, newname }, signal);
      } catch (error) {
        if (!lacking(error)) throw error;
        const { fid } = await reach(attached, olddirfid, [oldname], signal);
        try {
          await rpc.call({ type: 'Trename', fid, dfid: newdirfid, name: newname }, signal);
        } finally {
          await attached.drop(fid);
        }
      }
    });
  }

  /** A request that names two fids and must not be repeated. */
  #with(
    other: RemoteFid,
    signal: AbortSignal | undefined,
    call: (attached: Attached, fid: number, other: number) => Promise<void>,
  ): Promise<void> {
    return this.#use(false, signal, async (_rpc, fid, attached) =>
      call(attached, fid, await other.#bind(attached, signal)),
    );
  }

  /** The value of an extended attribute, or all their names with a NUL after each where `name` is empty. */
  getxattr(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#use(true, signal, async (rpc, fid, attached) => {
      const newfid = attached.take();
      try {
        const size = safe((await rpc.call({ type: 'Txattrwalk', fid, newfid, name }, signal)).size);
        if (size > MAX_XATTR) throw new Errno('E2BIG', `an extended attribute of ${size} bytes`);
        const parts: Uint8Array[] = [];
        for (let at = 0; at < size;) {
          const count = Math.min(size - at, rpc.msize - IO_HEAD);
          const { data } = await rpc.call({ type: 'Tread', fid: newfid, offset: at, count }, signal);
          if (data.length === 0) throw new Errno('EIO', 'an extended attribute ended early');
          if (data.length > count) throw new Errno('EPROTO', 'the server sent more than was asked for');
          parts.push(data);
          at += data.length;
        }
        return Buffer.concat(parts);
      } finally {
        await attached.drop(newfid);
      }
    });
  }

  /** Sets an extended attribute; an empty value takes it away (9P has no other way to say so). */
  setxattr(name: string, value: Uint8Array, flags: number, signal?: AbortSignal): Promise<void> {
    return this.#use(false, signal, async (rpc, fid, attached) => {
      const { fid: newfid } = await reach(attached, fid, [], signal);
      try {
        await rpc.call({ type: 'Txattrcreate', fid: newfid, name, attr_size: value.length, flags }, signal);
        for (let at = 0; at < value.length;) {
          const data = value.subarray(at, at + rpc.msize - IO_HEAD);
          const { count } = await rpc.call({ type: 'Twrite', fid: newfid, offset: at, data }, signal);
          if (count === 0) throw new Errno('EIO', 'the server took nothing');
          at += count;
        }
      } catch (error) {
        await attached.drop(newfid);
        throw error;
      }
      await rpc.call({ type: 'Tclunk', fid: newfid });
      attached.give(newfid);
    });
  }

  /**
   * Gives it back. The answer comes after the server has published what was written, with its error. ECONNRESET where what was
   * written was lost out of sight with the connection.
   */
  async clunk(): Promise<void> {
    if (this.#gone || this.#root) return;
    this.#gone = true;
    const attached = this.#attached;
    if (!attached?.rpc.alive() || attached !== this.#uplink.present) {
      if (this.#written) throw new Errno('ECONNRESET', 'the connection was lost before the file was closed');
      return;
    }
    try {
      await attached.rpc.call({ type: 'Tclunk', fid: this.#number });
    } catch (error) {
      if (attached.rpc.alive() || this.#written) throw error;
    } finally {
      attached.give(this.#number);
    }
  }
}

/** Does the server not know a message at all? */
const lacking = (error: unknown): boolean =>
  error instanceof Errno && (error.code === 'ENOTSUP' || error.code === 'ENOSYS');

const removeByWalk = async (
  attached: Attached,
  dirfid: number,
  name: string,
  directory: boolean,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const { fid, qids } = await reach(attached, dirfid, [name], signal);
  try {
    const found = (qids[0]!.type & QTDIR) !== 0;
    if (found !== directory) throw new Errno(found ? 'EISDIR' : 'ENOTDIR', name);
    await attached.rpc.call({ type: 'Tremove', fid }, signal);
  } catch (error) {
    await attached.drop(fid);
    throw error;
  }
  attached.give(fid);
};

/** Twalk in steps of 16 names to a new fid. ENOENT where a name is missing. */
const reach = async (
  attached: Attached,
  from: number,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ fid: number; qids: readonly Qid[] }> => {
  const { rpc } = attached;
  const newfid = attached.take();
  const qids: Qid[] = [];
  try {
    do {
      const wname = names.slice(qids.length, qids.length + MAX_NAMES);
      const fid = qids.length === 0 ? from : newfid;
      const { wqid } = await rpc.call({ type: 'Twalk', fid, newfid, wname }, signal);
      if (wqid.length < wname.length) throw new Errno('ENOENT', `no ${wname[wqid.length]!}`);
      for (const qid of wqid) qids.push(qid);
    } while (qids.length < names.length);
    return { fid: newfid, qids };
  } catch (error) {
    // A first step that failed made no fid; one that was flushed may have.
    const certain = qids.length === 0 && error instanceof Errno && error.code !== 'EINTR';
    if (certain) attached.give(newfid);
    else await attached.drop(newfid);
    throw error;
  }
};
