import { isDirectory, isLink } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { each } from './each.ts';
import { print } from './output.ts';
import type { Remote } from './remote.ts';
import { at, withServer } from './remote.ts';

/** Entries asked about at one time. */
const AT_ONCE = 32;

const rights = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'];

/** `drwxr-xr-x`, as ls(1) shows it. */
const modeText = (mode: number): string => {
  const type = isDirectory(mode) ? 'd' : isLink(mode) ? 'l' : '-';
  return type + [6, 3, 0].map((shift) => rights[(mode >> shift) & 7]!).join('');
};

/** Seconds are enough for people; UTC as everywhere in the tree. */
const timeText = (nanoseconds: bigint): string =>
  new Date(Number(nanoseconds / 1_000_000n)).toISOString().replace(/\.\d+Z$/, 'Z');

const line = async ({ client, signal }: Remote, path: string, name: string, long: boolean): Promise<string> => {
  if (!long) return `${name}\n`;
  const { mode, size, mtime } = await client.stat(path, signal);
  const target = isLink(mode) ? ` -> ${await client.readlink(path, signal)}` : '';
  return `${modeText(mode)} ${String(size).padStart(9)} ${timeText(mtime)} ${name}${target}\n`;
};

const listing = async (remote: Remote, path: string, long: boolean): Promise<string> => {
  const { client, signal } = remote;
  const { mode } = await client.stat(path, signal);
  if (!isDirectory(mode)) return line(remote, path, path, long);
  const entries = await client.list(path, signal);
  let text = '';
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const lines = entries.slice(from, from + AT_ONCE).map(({ name }) => line(remote, `${path}/${name}`, name, long));
    text += (await Promise.all(lines)).join('');
  }
  return text;
};

/** Names in the server's order, which is the one that teaches; one a line. Of several directories each gets a headline. */
export const run: Run = (words, flags) =>
  withServer(flags, (remote) => {
    const paths = words.length > 0 ? words : ['/'];
    return each(paths, remote.signal, async (path) => {
      const text = await listing(remote, path, flags.long === true).catch((error: unknown) => {
        throw at(path, error);
      });
      await print(paths.length > 1 ? `${path}:\n${text}\n` : text);
    });
  });
