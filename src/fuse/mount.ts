import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { readdir, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Errno } from '../kernel/errno.ts';
import { checked, libc, MNT_DETACH, MNT_FORCE, MS_NODEV, MS_NOSUID, SOCK_STREAM } from '../native/libc.ts';
import { mountAt } from './mountinfo.ts';

export const TYPE = 'fuse.weft';
const SUBTYPE = 'weft';
/** Milliseconds a directory may take to show whether a mount on it lives. */
const PATIENCE = 1000;
const { O_RDWR, O_NONBLOCK } = constants;

/** The absolute path as the mount table has it. The last name is not looked at: it may be a mount that never answers. */
export const place = async (dir: string): Promise<string> => {
  const path = resolve(dir);
  if (path === '/') return path;
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    throw Errno.ofSystem(error);
  }
};

/**
 * Makes a directory ready to be mounted on: a mount that a server of ours left behind when it died is taken away.
 * Throws EBUSY where something lives there, ENOTEMPTY where files lie there, ENOENT and ENOTDIR as they are.
 */
export const recover = async (dir: string): Promise<void> => {
  const path = await place(dir);
  for (let mount = await mountAt(path); mount; mount = await mountAt(path)) {
    if (mount.type !== TYPE) throw new Errno('EBUSY', `${mount.type} is mounted there`, { path });
    if (!(await isDead(path))) throw new Errno('EBUSY', 'a running weft is mounted there', { path });
    await detach(path, mount.connection);
    const left = await mountAt(path);
    if (left?.connection === mount.connection)
      throw new Errno('EBUSY', 'a dead mount that cannot be removed', { path });
  }
  try {
    if ((await readdir(path)).length > 0) throw new Errno('ENOTEMPTY', 'the directory is not empty', { path });
  } catch (error) {
    throw Errno.ofSystem(error);
  }
};

/** Only ENOTCONN is death; no answer in time is a server that is busy or stopped. */
const isDead = async (path: string): Promise<boolean> => {
  const ended = new AbortController();
  const state = stat(path).then(
    () => false,
    (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOTCONN',
  );
  const late = after(PATIENCE, false, { signal: ended.signal, ref: false }).catch(() => false);
  try {
    return await Promise.race([state, late]);
  } finally {
    ended.abort();
  }
};

/**
 * Takes a mount away, users or not; the ways are tried from the politest on. Says nothing where none helps. While the
 * mount is in the table its connection has this number; later another one may.
 */
const detach = async (path: string, connection: number): Promise<void> => {
  const { umountLater } = await libc();
  if ((await umountLater(path, 0)) >= 0) return;
  if ((await fusermount(['-u', '--', path])).code === 0) return;
  await abort(connection);
  if ((await umountLater(path, MNT_FORCE | MNT_DETACH)) >= 0) return;
  await fusermount(['-u', '-z', '--', path]);
};

/** Cuts a connection off: who uses the mount gets ENOTCONN or EIO, the server ENODEV. */
const abort = async (connection: number): Promise<void> => {
  try {
    await writeFile(`/sys/fs/fuse/connections/${connection}/abort`, '1');
  } catch (error) {
    // Not to be had here: then the server stops reading, which ends it as well.
    if (!isCode(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS')) throw Errno.ofSystem(error);
  }
};

const isCode = (error: unknown, ...codes: string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? '');

/** Ends a mount of ours, if it is still there. */
export const unmount = async (dir: string, connection: number): Promise<void> => {
  const found = await mountAt(dir);
  if (found?.type === TYPE && found.connection === connection) await detach(dir, connection);
};

/** Opens a connection and mounts it on a directory. Returns the descriptor, which does not block. */
export const mount = async (options: {
  dir: string;
  source: string;
  allowOther?: boolean;
  defaultPermissions?: boolean;
}): Promise<number> => {
  const given = /^\/dev\/fd\/(\d+)$/.exec(options.dir);
  if (given) return nonBlocking(Number(given[1]));
  try {
    return await mountAsRoot(options);
  } catch (error) {
    if (!(error instanceof Errno) || (error.code !== 'EPERM' && error.code !== 'EACCES')) throw error;
    return mountAsUser(options, error);
  }
};

const wishes = ({ allowOther = false, defaultPermissions = false }: Partial<Parameters<typeof mount>[0]>): string =>
  `${allowOther ? ',allow_other' : ''}${defaultPermissions ? ',default_permissions' : ''}`;

const mountAsRoot = async ({ dir, source, ...options }: Parameters<typeof mount>[0]): Promise<number> => {
  const { mount: call } = await libc();
  let fd: number;
  try {
    fd = openSync('/dev/fuse', O_RDWR | O_NONBLOCK);
  } catch (error) {
    throw Errno.ofSystem(error);
  }
  const owner = `user_id=${process.geteuid?.() ?? 0},group_id=${process.getegid?.() ?? 0}`;
  const data = `fd=${fd},rootmode=40000,${owner}${wishes(options)}`;
  try {
    checked(call(source, dir, TYPE, MS_NOSUID | MS_NODEV, data), 'mount', dir);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

/** fusermount3(1) is set-uid: it opens and mounts, and sends the descriptor over a socket. */
export const mountAsUser = async (options: Parameters<typeof mount>[0], refused?: Errno): Promise<number> => {
  const { dir, source } = options;
  const { socketpair, receiveDescriptor } = await libc();
  const [ours, theirs] = socketpair(SOCK_STREAM);
  try {
    const wants = `rw,nosuid,nodev,fsname=${source.replace(/[,\\]/g, '\\$&')},subtype=${SUBTYPE}`;
    const { code, said } = await fusermount(['-o', wants + wishes(options), '--', dir], theirs);
    if (code !== 0) throw new Errno(refused?.code ?? 'EPERM', said || refused?.message, { path: dir, cause: refused });
    return await nonBlocking(checked(receiveDescriptor(ours), 'recvmsg', dir));
  } finally {
    closeSync(ours);
    closeSync(theirs);
  }
};

const nonBlocking = async (fd: number): Promise<number> => {
  checked((await libc()).setNonBlocking(fd), 'fcntl');
  return fd;
};

/** code 127: there is none on this machine. */
const fusermount = (args: string[], socket?: number): Promise<{ code: number | null; said: string }> =>
  new Promise((done) => {
    const child = spawn('fusermount3', args, {
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', ...(socket === undefined ? [] : [socket])],
      env: { ...process.env, ...(socket === undefined ? {} : { _FUSE_COMMFD: '3' }) },
    });
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, 1000)));
    child.on('error', (error) => done({ code: 127, said: error.message }));
    child.on('close', (code) => done({ code, said: said.trim() }));
  });
