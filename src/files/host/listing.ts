import { setImmediate } from 'node:timers/promises';
import { Errno } from '../../kernel/errno.ts';
import { nameText } from '../../kernel/name.ts';
import type { Awaitable, Entry } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { deviceOf, modeOf, qidOf } from './identity.ts';

const buffer = Buffer.alloc(32768);
/** After so many buffers, some milliseconds, others have their turn. */
const TURN = 8;

type Asker = Pick<Request, 'aborted'>;

/** The entries of an open directory without `.` and `..`, by getdents64(2). Closes nothing. */
export const listing = (fd: number, request: Asker): Awaitable<Entry[]> => {
  checked(at().statx(fd, '', AT_EMPTY_PATH), 'stat');
  const device = deviceOf(at().stat);
  const entries: Entry[] = [];
  return some(fd, device, entries) ? entries : rest(fd, device, entries, request);
};

const rest = async (fd: number, device: number, entries: Entry[], request: Asker): Promise<Entry[]> => {
  do {
    await setImmediate();
    if (request.aborted) throw new Errno('EINTR');
  } while (!some(fd, device, entries));
  return entries;
};

/** True at the end of the directory. */
const some = (fd: number, device: number, entries: Entry[]): boolean => {
  for (let turn = 0; turn < TURN; turn++) {
    const length = checked(at().getdents(fd, buffer), 'readdir');
    if (length === 0) return true;
    take(fd, device, length, entries);
  }
  return false;
};

/** struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, the name and NUL. */
const take = (fd: number, device: number, length: number, entries: Entry[]): void => {
  for (let i = 0, next = 0; i < length; i = next) {
    next = i + buffer.readUInt16LE(i + 16);
    const start = i + 19;
    const name = nameText(buffer.subarray(start, buffer.indexOf(0, start)));
    if (name === '.' || name === '..') continue;
    const type = buffer[i + 18]! << 12;
    entries.push({
      name,
      qid: qidOf(device, buffer.readUInt32LE(i), buffer.readUInt32LE(i + 4)),
      mode: type || typeOf(fd, name),
    });
  }
};

/** For the file systems that keep no types in their directories. A name that is gone by now has none. */
const typeOf = (fd: number, name: string): number =>
  at().statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) === 0 ? modeOf(at().stat) & 0o170000 : 0;
