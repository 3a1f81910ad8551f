/**
 * What a program sees of the tree, whatever the way in: names, calls and errors of node:fs/promises. A failed call
 * rejects with an error whose `code` is the errno's name.
 */
export interface Client {
  /** `flags` are Linux's numbers. */
  open(path: string, flags: number): Promise<Opened>;
  /** lstat(2). */
  stat(path: string): Promise<Stat>;
  /** Without `.` and `..`, in the order in which the directory gives them. */
  list(path: string): Promise<Listed[]>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rename(path: string, to: string): Promise<void>;
  /** truncate(2), without a descriptor. */
  truncate(path: string, size: number): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
  utimes(path: string, atime: number, mtime: number): Promise<void>;
  readlink(path: string): Promise<string>;
  symlink(target: string, path: string): Promise<void>;
  link(path: string, to: string): Promise<void>;
  /** Gives back what the client holds. */
  end(): Promise<void>;
}

/** One descriptor: reads and writes go on at its one offset, as with read(2) and write(2). */
export interface Opened {
  /** At most `count` bytes; empty is the end. */
  read(count?: number): Promise<Buffer>;
  /** Rejects with EINTR a read that is under way; it is the client that gives up, as a signal makes it. */
  interrupt?(): void;
  write(data: string | Uint8Array): Promise<number>;
  truncate(size: number): Promise<void>;
  fsync(): Promise<void>;
  /** Rejects with what the stage of a document says; the descriptor is gone all the same. */
  close(): Promise<void>;
}

export interface Stat {
  readonly ino: number;
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
}

export interface Listed {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link';
  /** Absent where the way in does not show it. */
  readonly ino?: number;
}

/** Reads to the end. */
export const drain = async (file: Opened): Promise<string> => {
  const parts: Buffer[] = [];
  for (;;) {
    const part = await file.read();
    if (part.length === 0) return Buffer.concat(parts).toString();
    parts.push(part);
  }
};

/** `cat path`. */
export const cat = async (client: Client, path: string): Promise<string> => {
  const file = await client.open(path, 0);
  try {
    return await drain(file);
  } finally {
    await file.close();
  }
};

const SHELL = { '>': 0o1101, '>>': 0o2101 } as const;

/** `printf %s text > path`, with the error of the write or of the close. */
export const put = async (client: Client, path: string, text: string, how: '>' | '>>' = '>'): Promise<void> => {
  const file = await client.open(path, SHELL[how]);
  try {
    await file.write(text);
  } catch (error) {
    // As a shell does: the descriptor is closed, and the first error is the one that is told.
    await file.close().catch((second: unknown) => Object.assign(error as Error, { second }));
    throw error;
  }
  await file.close();
};

export const names = async (client: Client, path: string): Promise<string[]> =>
  (await client.list(path)).map(({ name }) => name);
