import { constants } from 'node:fs';
import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Errno } from '../../kernel/errno.ts';

export const SERVER_KEY = 32;
const PRIVATE = 0o600;

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface ServerKeyOptions {
  /** `STATE/keys`, which exists. */
  readonly directory: string;
  /** Something is sealed under it already: another one must not be made. */
  readonly needed: boolean;
  /** Hears what was put right. */
  readonly warn?: (message: string) => void;
}

/**
 * The key under which the agents' keys are sealed, `keys/server.key`: 32 bytes in memory that two threads can share.
 * Made at the first start, whole or not at all. ENOKEY where it is missing and needed; nothing is made or changed then.
 * EPERM for what is no regular file or belongs to somebody else; EINVAL for another length. Of a file that others may
 * read the rights are taken back, with a warning.
 */
export const serverKey = async ({ directory, needed, warn }: ServerKeyOptions): Promise<Uint8Array> => {
  const path = join(directory, 'server.key');
  try {
    const known = await read(path, warn);
    if (known) return known;
    if (needed) {
      throw new Errno(
        'ENOKEY',
        'it is missing, and the keys of the agents are sealed under it: put it back from a copy',
      );
    }
    await make(directory, path);
    return (await read(path, warn))!;
  } catch (error) {
    const { code, message } = Errno.ofSystem(error);
    throw new Errno(code, error instanceof Errno ? message : undefined, { path, cause: error });
  }
};

const read = async (path: string, warn: ServerKeyOptions['warn']): Promise<Uint8Array | undefined> => {
  let file: FileHandle;
  try {
    // O_NONBLOCK: a fifo put there must not hold up the start.
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new Errno('EPERM', 'it must be a regular file, not a link');
    throw error;
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Errno('EPERM', 'it must be a regular file');
    if (stat.uid !== process.geteuid!()) throw new Errno('EPERM', 'it belongs to another user');
    if (stat.size !== SERVER_KEY) throw new Errno('EINVAL', `it has ${stat.size} bytes and must have ${SERVER_KEY}`);
    if ((stat.mode & 0o777) !== PRIVATE) {
      await file.chmod(PRIVATE);
      warn?.(`${path} had the mode 0${(stat.mode & 0o777).toString(8)}; it has 0600 again`);
    }
    const key = new Uint8Array(new SharedArrayBuffer(SERVER_KEY));
    const bytes = Buffer.alloc(SERVER_KEY);
    await file.read(bytes, 0, SERVER_KEY, 0);
    key.set(bytes);
    bytes.fill(0);
    return key;
  } finally {
    await file.close();
  }
};

/** On the medium under another name first, so that a crash leaves a whole key or none. */
const make = async (directory: string, path: string): Promise<void> => {
  const next = `${path}.new`;
  await unlink(next).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
  const file = await open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, PRIVATE);
  const bytes = randomBytes(SERVER_KEY);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    bytes.fill(0);
    await file.close();
  }
  await rename(next, path);
  const parent = await open(directory, O_RDONLY | O_DIRECTORY);
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
};
