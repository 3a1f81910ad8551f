import { readFile } from 'node:fs/promises';

/** One line of /proc/self/mountinfo (proc(5)), as far as it concerns us. */
export interface Mount {
  readonly dir: string;
  readonly type: string;
  readonly source: string;
  /** The minor number of its device, which is the name of its directory in /sys/fs/fuse/connections. */
  readonly connection: number;
}

const unescape = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

export const parseMounts = (text: string): Mount[] =>
  text
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const fields = line.split(' ');
      const end = fields.indexOf('-', 6);
      const [device, dir, type, source] = [fields[2], fields[4], fields[end + 1], fields[end + 2]];
      if (end < 0 || !device || !dir || !type || source === undefined) return [];
      return [{ dir: unescape(dir), type, source: unescape(source), connection: Number(device.split(':')[1] ?? NaN) }];
    });

/** The mount one sees at an absolute path: the last of those stacked there. Touches no file system but proc. */
export const mountAt = async (dir: string): Promise<Mount | undefined> =>
  parseMounts(await readFile('/proc/self/mountinfo', 'latin1')).findLast((mount) => mount.dir === latin1(dir));

/** The kernel's bytes, whatever they mean. */
const latin1 = (path: string): string => Buffer.from(path).toString('latin1');
