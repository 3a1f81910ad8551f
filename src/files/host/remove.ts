import { dirname, basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { O_DIRECTORY, O_NOFOLLOW } from '../../kernel/mode.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, O_CLOEXEC, O_PATH, at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { modeOf } from './identity.ts';
import { listing } from './listing.ts';
import { magic, shut } from './tree.ts';

const ENOENT = -2;
const EISDIR = -21;
const RWX = 0o700;
const TURN = 64;

/**
 * Removes a directory of the host with all that lies in it; nothing to do where there is none. Follows no link, and
 * takes away what its owner had made unwritable: a directory of mode 0555 is its server's all the same.
 */
export const removeTree = async (path: string): Promise<void> => {
  const parent = at().openat(AT_FDCWD, dirname(path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  if (parent === ENOENT) return;
  checked(parent, 'open', path);
  try {
    await remove(parent, basename(path), path, { removed: 0 });
  } finally {
    shut(parent);
  }
};

const remove = async (parent: number, name: string, path: string, count: { removed: number }): Promise<void> => {
  if (++count.removed % TURN === 0) await setImmediate();
  const unlinked = at().unlinkat(parent, name, 0);
  if (unlinked === ENOENT) return;
  if (unlinked !== EISDIR) {
    checked(unlinked, 'unlink', path);
    return;
  }
  const directory = checked(at().openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0), 'open', path);
  try {
    checked(at().statx(directory, '', AT_EMPTY_PATH), 'stat', path);
    if ((modeOf(at().stat) & RWX) !== RWX) checked(at().fchmodat(AT_FDCWD, magic(directory), RWX), 'chmod', path);
    const fd = checked(at().openat(AT_FDCWD, magic(directory), O_DIRECTORY | O_CLOEXEC, 0), 'opendir', path);
    try {
      for (const entry of await listing(fd, { aborted: false })) {
        await remove(directory, entry.name, `${path}/${entry.name}`, count);
      }
    } finally {
      shut(fd);
    }
  } finally {
    shut(directory);
  }
  const removed = at().unlinkat(parent, name, AT_REMOVEDIR);
  if (removed !== ENOENT) checked(removed, 'rmdir', path);
};
