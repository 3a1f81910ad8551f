import { nameBytes } from '../../kernel/name.ts';
import type { Attributes, Awaitable, Entry } from '../../kernel/node.ts';
import { hostBase } from '../../kernel/qid.ts';
import { soon } from '../../kernel/soon.ts';
import type { Call, Context, Operations } from '../context.ts';
import { learn } from '../entry.ts';
import { dirent, entryOut } from '../messages.ts';

/** The kernel may offer a megabyte; what is prepared at once for one answer stays small. */
const MOST = 65_536;

const align = (size: number): number => (size + 7) & ~7;

interface Line {
  readonly entry: Entry;
  readonly name: Buffer;
  /** What the kernel sends to go on behind this line. */
  readonly cookie: number;
}

/** As many lines as fit, each with `extra` bytes before it. */
const cut = (
  entries: readonly Entry[],
  offset: number,
  size: number,
  extra: number,
): { lines: Line[]; bytes: number } => {
  const lines: Line[] = [];
  let bytes = 0;
  for (let index = offset; index < entries.length; index++) {
    const entry = entries[index]!;
    const name = nameBytes(entry.name);
    const next = bytes + extra + align(dirent.size + name.length);
    if (next > size) break;
    bytes = next;
    lines.push({ entry, name, cookie: index + 1 });
  }
  return { lines, bytes };
};

/** Returns the place behind the line. */
const put = (to: Buffer, at: number, { entry, name, cookie }: Line): number => {
  dirent.write(to, at, { ino: entry.qid, off: cookie, namelen: name.length, type: entry.mode >> 12 });
  name.copy(to, at + dirent.size);
  return at + align(dirent.size + name.length);
};

interface Found {
  readonly fid: number;
  readonly attributes: Attributes | undefined;
}

/** undefined: no longer there, or nothing a listing would look up. The kernel asks again by name if it wants it. */
const find = (context: Context, directory: number, entry: Entry, { request }: Call): Awaitable<Found | undefined> => {
  const { name } = entry;
  if (name === '.' || name === '..') return undefined;
  // Nothing of the host is kept, so the kernel would look it up again all the same.
  if (entry.qid >= hostBase) return undefined;
  const fid = context.nodes.next();
  try {
    const walked = context.session.walk(directory, fid, [name], request);
    if (!(walked instanceof Promise)) return { fid, attributes: walked[0] };
    return walked.then(
      ([attributes]) => ({ fid, attributes }),
      () => undefined,
    );
  } catch {
    // A line that cannot be looked up is still a line.
    return undefined;
  }
};

const isReady = <T>(values: readonly Awaitable<T>[]): values is T[] => !values.some((one) => one instanceof Promise);

const plus = (
  context: Context,
  { lines, bytes }: ReturnType<typeof cut>,
  found: readonly (Found | undefined)[],
  directory: number,
  serial: number,
): Buffer => {
  const to = Buffer.alloc(bytes);
  let at = 0;
  for (const [index, line] of lines.entries()) {
    const one = found[index];
    if (one?.attributes) {
      entryOut.write(to, at, learn(context, directory, line.entry.name, one.fid, one.attributes, serial));
    }
    at = put(to, at + entryOut.size, line);
  }
  return to;
};

export const listing: Operations<'READDIR' | 'READDIRPLUS'> = {
  READDIR: ({ session }, { fh, offset, size }, { request }) =>
    soon(session.entries(fh, offset === 0, request), (entries) => {
      const { lines, bytes } = cut(entries, offset, Math.min(size, MOST), 0);
      const to = Buffer.alloc(bytes);
      let at = 0;
      for (const line of lines) at = put(to, at, line);
      return to;
    }),

  /** Every line but `.` and `..` is a lookup as well, and counts as one. */
  READDIRPLUS: (context, { fh, offset, size }, call) =>
    soon(context.session.entries(fh, offset === 0, call.request), (entries) => {
      const { serial } = context;
      const lines = cut(entries, offset, Math.min(size, MOST), entryOut.size);
      const directory = context.nodes.fid(call.node);
      const found = lines.lines.map(({ entry }) => find(context, directory, entry, call));
      const ready: Awaitable<(Found | undefined)[]> = isReady(found)
        ? found
        : Promise.all(found.map(async (one) => one));
      return soon(ready, (all) => plus(context, lines, all, call.node, serial));
    }),
};
