import { setTimeout as after } from 'node:timers/promises';
import type { RemoteFile } from '../9p/client.ts';
import { O_RDONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { UsageError } from './command.ts';
import { print } from './output.ts';
import type { Remote } from './remote.ts';
import { withServer } from './remote.ts';

/** Milliseconds between two looks at the end of a log. */
const INTERVAL = 200;
/** Milliseconds for which a server that went away is waited for, with --reconnect. */
const PATIENCE = 60_000;
/** Bytes read back at first, and at most, to find the lines to begin with. */
const WINDOW = 64 * 1024;
const LARGEST = 16 * 1024 * 1024;

/** Follows a log as it grows, from its last lines on; or a stream, to its end if it has one. */
export const run: Run = ([path], flags) => {
  const count = flags.lines ?? '10';
  if (!/^\d{1,6}$/.test(count)) throw new UsageError(`--lines wants a number: '${count}'`);
  return withServer(
    flags,
    (remote) => remote.file(path!, O_RDONLY, (file) => follow(remote, file, path!, Number(count))),
    { patience: flags.reconnect === true ? PATIENCE : 0 },
  );
};

const follow = async (remote: Remote, file: RemoteFile, path: string, count: number): Promise<number> => {
  // What waits lies under `live`: its reads block until there is something, and an empty one is the end.
  const stream = path.split('/').some((name) => name === 'live' || name === '.live');
  let next = stream ? 0 : await startOf(remote, file, count);
  for (;;) {
    for await (const piece of remote.pieces(file, next)) {
      await print(piece);
      next += piece.length;
    }
    if (stream) return 0;
    await after(INTERVAL, undefined, { signal: remote.signal });
    const { size } = await file.stat(remote.signal);
    if (size < next) next = 0; // another log under this name
  }
};

/** Where the last `count` lines begin. */
const startOf = async (remote: Remote, file: RemoteFile, count: number): Promise<number> => {
  const { size } = await file.stat(remote.signal);
  if (count === 0) return size;
  for (let window = WINDOW; ; window *= 4) {
    const start = Math.max(0, size - window);
    const content = await range(remote, file, start, size);
    // The newline at the very end ends the last line and begins no other.
    let at = content.length - 1;
    for (let lines = 0; lines < count && at >= 0; lines++) at = at === 0 ? -1 : content.lastIndexOf(0x0a, at - 1);
    if (at >= 0) return start + at + 1;
    if (start === 0 || window >= LARGEST) return start;
  }
};

const range = async (remote: Remote, file: RemoteFile, start: number, end: number): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for (let next = start; next < end;) {
    const part = await file.read(end - next, next, remote.signal);
    if (part.length === 0) break;
    parts.push(part);
    next += part.length;
  }
  return Buffer.concat(parts);
};
