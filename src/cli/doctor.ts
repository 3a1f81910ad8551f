import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Errno } from '../kernel/errno.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { addressOf, withServer } from './remote.ts';
import { stateOf } from './state.ts';

/** The server's own checks; where none runs, what would keep one from running. Exit 1 when a check fails. */
export const run: Run = async (_words, flags) => {
  let text = '';
  try {
    await withServer(flags, async (remote) => {
      text = await remote.text('doctor');
      return 0;
    });
  } catch (error) {
    if (!(error instanceof Errno && error.code === 'ECONNREFUSED')) throw error;
    text = local(addressOf(flags));
  }
  await print(text);
  return /^fail/m.test(text) ? 1 : 0;
};

const accessible = (path: string, mode: number): boolean => {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false; // that is the answer asked for
  }
};

const fuse = (): string => {
  if (process.platform !== 'linux') return 'warn fuse: not Linux: mounting needs macFUSE and --driver native';
  if (!accessible('/dev/fuse', constants.R_OK | constants.W_OK))
    return 'warn fuse: /dev/fuse is missing or closed to this user; weft works over 9P all the same (--no-mount)';
  const helper = (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((d) => accessible(join(d, 'fusermount3'), constants.X_OK));
  return process.getuid!() === 0 || helper
    ? 'ok   fuse: can be used'
    : 'warn fuse: without being root, mounting needs fusermount3: install fuse3';
};

const state = (): string => {
  const { directory } = stateOf(undefined, process.env);
  const found = statSync(directory, { throwIfNoEntry: false });
  if (!found) return `ok   state: ${directory} will be made`;
  if (found.uid !== process.getuid!()) return `fail state: ${directory} belongs to another user`;
  return (found.mode & 0o077) === 0
    ? `ok   state: ${directory}`
    : `warn state: others can look into ${directory}: chmod 700 it`;
};

const local = (address: string): string =>
  [
    `warn server: none runs on ${address}; start one with weft up`,
    `ok   node: ${process.versions.node}`,
    fuse(),
    state(),
  ]
    .map((line) => `${line}\n`)
    .join('');
