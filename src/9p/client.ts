import { Errno } from '../kernel/errno.ts';
import { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, isDirectory } from '../kernel/mode.ts';
import type { Changed, Space } from '../kernel/node.ts';
import type { Address } from './address.ts';
import type { RemoteAttributes } from './attributes.ts';
import type { Dirent } from './dirent.ts';
import { RemoteFid } from './remote-fid.ts';
import { Uplink } from './uplink.ts';
import type { UplinkOptions } from './uplink.ts';

export interface ConnectOptions extends UplinkOptions {
  /** Interrupts the first connection. */
  readonly signal?: AbortSignal;
}

/** Connects and attaches: one attempt. ENOENT or ECONNREFUSED: nobody listens; ENOENT also for an aname there is none for. */
export const connect = async (address: Address, options: ConnectOptions = {}): Promise<Client> => {
  const uplink = new Uplink(address, options);
  await uplink.open(options.signal);
  return new Client(uplink);
};

const split = (path: string): string[] => path.split('/').filter((name) => name !== '');

/** The directory a path's last name lies in, and that name. */
const parted = (path: string): [string[], string] => {
  const names = split(path);
  const name = names.pop();
  if (name === undefined) throw new Errno('EBUSY', 'the root stays as it is');
  return [names, name];
};

/**
 * A 9P2000.L client. Paths are of the attached tree, from its root; links before the last name are followed by the server. A
 * lost connection is made again by the next call that needs it (see RemoteFid for what is repeated).
 */
export class Client {
  readonly root: RemoteFid;
  readonly #uplink: Uplink;

  constructor(uplink: Uplink) {
    this.#uplink = uplink;
    this.root = new RemoteFid(uplink, []);
  }

  get address(): Address {
    return this.#uplink.address;
  }

  /** Is there a connection at this moment? */
  get connected(): boolean {
    return this.#uplink.present !== undefined;
  }

  /** Ends the connection; what waits rejects with ECONNRESET. */
  close(): Promise<void> {
    return this.#uplink.close();
  }

  async #at<T>(
    names: readonly string[],
    signal: AbortSignal | undefined,
    use: (fid: RemoteFid) => Promise<T>,
  ): Promise<T> {
    const { fid } = await this.root.walk(names, signal);
    try {
      return await use(fid);
    } finally {
      await fid.clunk();
    }
  }

  /** open(2), with `mode` for a file that O_CREAT makes. A link is followed. */
  async open(
    path: string,
    flags: number = O_RDONLY,
    options: { mode?: number; signal?: AbortSignal } = {},
  ): Promise<RemoteFile> {
    const { mode = 0o666, signal } = options;
    if (flags & O_CREAT) {
      const [names, name] = parted(path);
      const { fid } = await this.root.walk(names, signal);
      return opened(fid, async () => {
        try {
          await fid.create(name, flags, mode, signal);
        } catch (error) {
          // Some servers make only what is not there; without O_EXCL that is not what was asked.
          if (!(error instanceof Errno && error.code === 'EEXIST') || flags & O_EXCL) throw error;
          await fid.clunk();
          const { fid: present } = await this.root.walk([...names, name], signal);
          return opened(present, () => present.open(flags & ~O_CREAT, signal));
        }
        return undefined;
      });
    }
    const { fid } = await this.root.walk(split(path), signal);
    return opened(fid, () => fid.open(flags, signal));
  }

  /** stat(2) of what the path names; of a link, the link's. */
  stat(path: string, signal?: AbortSignal): Promise<RemoteAttributes> {
    return this.#at(split(path), signal, (fid) => fid.getattr(signal));
  }

  /** The entries of a directory without `.` and `..`, in the server's order. */
  list(path: string, signal?: AbortSignal): Promise<Dirent[]> {
    return this.#at(split(path), signal, async (fid) => {
      await fid.open(O_RDONLY | O_DIRECTORY, signal);
      const all = await fid.readdir(signal);
      return all.filter(({ name }) => name !== '.' && name !== '..');
    });
  }

  readlink(path: string, signal?: AbortSignal): Promise<string> {
    return this.#at(split(path), signal, (fid) => fid.readlink(signal));
  }

  statfs(path = '', signal?: AbortSignal): Promise<Space> {
    return this.#at(split(path), signal, (fid) => fid.statfs(signal));
  }

  setattr(path: string, changed: Changed, signal?: AbortSignal): Promise<void> {
    return this.#at(split(path), signal, (fid) => fid.setattr(changed, signal));
  }

  async mkdir(path: string, mode = 0o777, signal?: AbortSignal): Promise<void> {
    const [names, name] = parted(path);
    await this.#at(names, signal, (fid) => fid.mkdir(name, mode, signal));
  }

  async symlink(target: string, path: string, signal?: AbortSignal): Promise<void> {
    const [names, name] = parted(path);
    await this.#at(names, signal, (fid) => fid.symlink(name, target, signal));
  }

  /** Removes a file, a link or an empty directory. */
  async remove(path: string, signal?: AbortSignal): Promise<void> {
    const [names, name] = parted(path);
    const { mode } = await this.stat(path, signal);
    await this.#at(names, signal, (fid) => fid.unlink(name, isDirectory(mode), signal));
  }

  async rename(from: string, to: string, signal?: AbortSignal): Promise<void> {
    const [fromNames, fromName] = parted(from);
    const [toNames, toName] = parted(to);
    await this.#at(fromNames, signal, (source) =>
      this.#at(toNames, signal, (target) => source.rename(fromName, target, toName, signal)),
    );
  }
}

/** Opens what a fid stands for, or gives the fid back. `how` may open another file instead. */
const opened = async (fid: RemoteFid, how: () => Promise<unknown>): Promise<RemoteFile> => {
  try {
    const other = await how();
    return other instanceof RemoteFile ? other : new RemoteFile(fid);
  } catch (error) {
    await fid.clunk();
    throw error;
  }
};

/** An open file. Offsets and counts are in bytes; of a stream the offset is where its reader stands. */
export class RemoteFile {
  readonly fid: RemoteFid;

  constructor(fid: RemoteFid) {
    this.fid = fid;
  }

  /** At most `count` bytes: what there is, not more than a message holds; empty is the end. */
  read(count: number, offset: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.fid.read(offset, count, signal);
  }

  /** Writes all of it, in as many messages as it takes. EIO where the server stops taking. */
  async write(data: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    let done = 0;
    while (done < data.length) {
      const count = await this.fid.write(offset + done, data.subarray(done), signal);
      if (count === 0) throw new Errno('EIO', 'the server took nothing');
      done += count;
    }
  }

  stat(signal?: AbortSignal): Promise<RemoteAttributes> {
    return this.fid.getattr(signal);
  }

  truncate(size: number, signal?: AbortSignal): Promise<void> {
    return this.fid.setattr({ size }, signal);
  }

  fsync(signal?: AbortSignal): Promise<void> {
    return this.fid.fsync(false, signal);
  }

  /** What was written acts now; its error is thrown. */
  close(): Promise<void> {
    return this.fid.clunk();
  }
}
