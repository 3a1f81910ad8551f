import fs from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { host } from '../../src/files/host.ts';
import { as } from '../../src/files/host/credentials.ts';
import { Errno } from '../../src/kernel/errno.ts';
import * as mode from '../../src/kernel/mode.ts';
import { Request } from '../../src/kernel/request.ts';
import type { Session } from '../../src/kernel/session.ts';
import { operator } from '../../src/kernel/subject.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, at } from '../../src/native/at.ts';
import { checked } from '../../src/native/libc.ts';
import { sessionOn } from '../support/nodes.ts';
import { Paths } from '../support/posix.ts';
import { temporary } from '../support/temporary.ts';

/**
 * The same random calls on two directories of one disk: one served, through a session, one by the system calls
 * themselves. Results, errnos and the trees must be the same. WEFT_SEED repeats a run, WEFT_STEPS sets its length.
 */
const seed = Number(process.env['WEFT_SEED'] ?? 20);
const steps = Number(process.env['WEFT_STEPS'] ?? 1500);

/** mulberry32. */
const random = (state: number) => (): number => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/** What is compared: text, bytes as text, an errno. */
type Result = string;

/** One way to make the calls. */
interface System {
  mkdir(path: string, mode: number): Promise<unknown>;
  mknod(path: string, mode: number): Promise<unknown>;
  symlink(path: string, target: string): Promise<unknown>;
  link(path: string, newPath: string): Promise<unknown>;
  rename(path: string, newPath: string, flags: number): Promise<unknown>;
  unlink(path: string): Promise<unknown>;
  rmdir(path: string): Promise<unknown>;
  readlink(path: string): Promise<string>;
  stat(path: string): Promise<string>;
  list(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<unknown>;
  chown(path: string, uid: number, gid: number): Promise<unknown>;
  utimes(path: string, seconds: number): Promise<unknown>;
  truncate(path: string, size: number): Promise<unknown>;
  access(path: string, mask: number): Promise<unknown>;
  open(path: string, flags: number, mode: number): Promise<number>;
  read(file: number, offset: number, count: number): Promise<string>;
  write(file: number, offset: number, text: string): Promise<number>;
  ftruncate(file: number, size: number): Promise<unknown>;
  fstat(file: number): Promise<string>;
  seek(file: number, offset: number, whence: number): Promise<number>;
  copy(file: number, offset: number, to: number, toOffset: number, length: number): Promise<number>;
  close(file: number): Promise<unknown>;
}

type Figures = Pick<fs.Stats, 'mode' | 'size' | 'nlink' | 'uid' | 'gid'>;
const figures = ({ mode: bits, size, nlink, uid, gid }: Figures): string =>
  `${bits.toString(8)} ${mode.isDirectory(bits) ? '-' : size} ${nlink} ${uid}:${gid}`;

/** The system calls, with the same identity the server takes. */
const real = (root: string, actor: () => Request): System => {
  const path = (name: string): string => join(root, name);
  // What the client asked for, whatever the umask of this process: the server's must not show.
  const own = async <T>(call: () => T): Promise<T> => {
    const umask = process.umask(0);
    try {
      return as(actor(), call);
    } finally {
      process.umask(umask);
    }
  };
  const raw = (call: () => number): Promise<unknown> => own(() => void checked(call(), 'call'));
  return {
    mkdir: (p, m) => own(() => fs.mkdirSync(path(p), m)),
    mknod: (p, m) => raw(() => at().mknodat(AT_FDCWD, path(p), m, 0)),
    symlink: (p, target) => own(() => fs.symlinkSync(target, path(p))),
    link: (p, q) => own(() => fs.linkSync(path(p), path(q))),
    rename: (p, q, flags) => raw(() => at().renameat2(AT_FDCWD, path(p), AT_FDCWD, path(q), flags)),
    unlink: (p) => own(() => fs.unlinkSync(path(p))),
    rmdir: (p) => own(() => fs.rmdirSync(path(p))),
    readlink: (p) => own(() => fs.readlinkSync(path(p))),
    stat: (p) => own(() => figures(fs.lstatSync(path(p)))),
    list: (p) =>
      own(() =>
        fs
          .readdirSync(path(p), { withFileTypes: true })
          .map((entry) => `${entry.name}${entry.isDirectory() ? '/' : entry.isSymbolicLink() ? '@' : ''}`)
          .sort()
          .join(' '),
      ),
    chmod: (p, m) => raw(() => at().fchmodat(AT_FDCWD, path(p), m)),
    chown: (p, uid, gid) => raw(() => at().fchownat(AT_FDCWD, path(p), uid, gid, AT_SYMLINK_NOFOLLOW)),
    utimes: (p, s) =>
      raw(() => at().utimensat(AT_FDCWD, path(p), BigInt64Array.of(BigInt(s), 1n, BigInt(s), 2n), AT_SYMLINK_NOFOLLOW)),
    truncate: (p, size) => raw(() => at().truncate(path(p), size)),
    access: (p, mask) => raw(() => at().faccessat(AT_FDCWD, path(p), mask)),
    open: (p, flags, m) => own(() => fs.openSync(path(p), flags | mode.O_NONBLOCK, m)),
    read: (file, offset, count) =>
      own(() => {
        const bytes = Buffer.alloc(count);
        return bytes.toString('latin1', 0, fs.readSync(file, bytes, 0, count, offset));
      }),
    write: (file, offset, text) => own(() => fs.writeSync(file, text, offset, 'latin1')),
    ftruncate: (file, size) => own(() => fs.ftruncateSync(file, size)),
    fstat: (file) => own(() => figures(fs.fstatSync(file))),
    seek: (file, offset, whence) => own(() => checked(at().lseek(file, offset, whence), 'lseek')),
    copy: (file, offset, to, toOffset, length) =>
      own(() => checked(at().copyFileRange(file, offset, to, toOffset, length), 'copy')),
    close: (file) => own(() => fs.closeSync(file)),
  };
};

/** The session. A file is a fid. */
const served = (session: Session, actor: () => Request): System => {
  const paths = new Paths(session);
  return {
    mkdir: (p, m) => paths.in(p, actor(), (fid, name) => session.mkdir(fid, name, m, actor())),
    mknod: (p, m) => paths.in(p, actor(), (fid, name) => session.mknod(fid, name, m, 0, actor())),
    symlink: (p, target) => paths.in(p, actor(), (fid, name) => session.symlink(fid, name, target, actor())),
    link: (p, q) =>
      paths.with(p, actor(), (from) => paths.in(q, actor(), (fid, name) => session.link(fid, name, from, actor()))),
    rename: (p, q, flags) =>
      paths.in(p, actor(), (from, name) =>
        paths.in(q, actor(), (to, newName) => session.rename(from, name, to, newName, flags, actor())),
      ),
    unlink: (p) => paths.in(p, actor(), (fid, name) => session.unlink(fid, name, false, actor())),
    rmdir: (p) => paths.in(p, actor(), (fid, name) => session.unlink(fid, name, true, actor())),
    readlink: (p) => paths.with(p, actor(), (fid) => session.readlink(fid, actor())),
    stat: async (p) => figures(await paths.stat(p, actor())),
    list: (p) =>
      paths.with(`${p}/.`, actor(), async (fid) => {
        await session.open(fid, mode.O_RDONLY, actor());
        const entries = await session.entries(fid, false, actor());
        return entries
          .slice(2)
          .map((entry) => `${entry.name}${mode.isDirectory(entry.mode) ? '/' : mode.isLink(entry.mode) ? '@' : ''}`)
          .sort()
          .join(' ');
      }),
    chmod: (p, m) => paths.with(p, actor(), (fid) => session.setattr(fid, { mode: m }, actor())),
    chown: (p, uid, gid) => paths.with(p, actor(), (fid) => session.setattr(fid, { uid, gid }, actor())),
    utimes: (p, s) => {
      const nanoseconds = BigInt(s) * 1_000_000_000n;
      const changed = { atime: nanoseconds + 1n, mtime: nanoseconds + 2n };
      return paths.with(p, actor(), (fid) => session.setattr(fid, changed, actor()));
    },
    truncate: (p, size) => paths.with(p, actor(), (fid) => session.setattr(fid, { size }, actor())),
    access: (p, mask) => paths.with(p, actor(), (fid) => session.access(fid, mask, actor())),
    async open(p, flags, m) {
      if ((flags & mode.O_CREAT) === 0) {
        const fid = await paths.fid(p, actor());
        return opened(fid, () => session.open(fid, flags, actor()));
      }
      return paths.in(p, actor(), async (directory, name) => {
        const fid = fresh++;
        await session.walk(directory, fid, [], actor());
        return opened(fid, () => session.create(fid, name, flags, m, actor()));
      });
    },
    read: async (fid, offset, count) => Buffer.from(await session.read(fid, offset, count, actor())).toString('latin1'),
    write: async (fid, offset, text) => session.write(fid, offset, Buffer.from(text, 'latin1'), actor()),
    ftruncate: async (fid, size) => session.setattr(fid, { size }, actor(), fid),
    fstat: async (fid) => figures(await session.stat(fid, actor())),
    seek: async (fid, offset, whence) => session.seek(fid, offset, whence, actor()),
    copy: async (fid, offset, to, toOffset, length) => session.copy(fid, offset, to, toOffset, length, actor()),
    close: async (fid) => session.clunk(fid),
  };

  async function opened(fid: number, open: () => unknown): Promise<number> {
    try {
      await open();
      return fid;
    } catch (error) {
      await session.clunk(fid);
      throw error;
    }
  }
};
let fresh = 1e6;

const isErrno = (result: Result): boolean => /^E[A-Z]+$/.test(result);

const outcome = async (call: Promise<unknown>): Promise<Result> => {
  try {
    const result = await call;
    return typeof result === 'string' || typeof result === 'number' ? String(result) : 'ok';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code;
  }
};

/** Everything below a directory: names, modes, sizes, link counts, owners, contents, targets, explicit times. */
const tree = (root: string, path = ''): string[] =>
  fs.readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const name = `${path}/${entry.name}`;
    const stat = fs.lstatSync(join(root, name), { bigint: true });
    const times = stat.mtimeNs < 10n ** 17n ? ` ${stat.mtimeNs}` : '';
    const content = entry.isFile() ? fs.readFileSync(join(root, name), 'latin1') : '';
    const target = entry.isSymbolicLink() ? fs.readlinkSync(join(root, name)) : '';
    const line = `${name} ${figures(fs.lstatSync(join(root, name)))}${times} ${target}${content}`;
    return entry.isDirectory() ? [line, ...tree(root, name)] : [line];
  });

interface Plan {
  seed: number;
  steps: number;
  /** Who asks; undefined: the server. */
  actors: (Request | undefined)[];
  /** How often a call is made on the served directory itself, behind the session. */
  behind: number;
  descriptors: number;
}

const run = async (t: ExecutionContext, plan: Plan): Promise<void> => {
  const next = random(plan.seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
  const any = <T>(of: readonly T[]): T | undefined => of[Math.floor(next() * of.length)];
  const below = temporary(t);
  const expected = join(below, 'expected');
  const actual = join(below, 'actual');
  fs.mkdirSync(expected);
  fs.chmodSync(below, 0o755);
  const root = host(actual, { mkdir: 0o777, descriptors: plan.descriptors });
  t.teardown(() => root.close());
  fs.chmodSync(expected, 0o777);
  fs.chmodSync(actual, 0o777);
  const { session } = await sessionOn(root);

  const server = new Request(operator);
  let actor = server;
  const who = (): Request => actor;
  const systems: [System, System] = [real(expected, who), served(session, who)];
  const straight = real(actual, who);
  /** Open files: the descriptor and the fid. Those that were opened behind the session are not kept. */
  const open: { real: number; fid: number; writable: boolean; append: boolean }[] = [];

  const isLink = (name: string): boolean => {
    try {
      return fs.lstatSync(join(expected, name)).isSymbolicLink();
    } catch {
      return false;
    }
  };
  const names = ['a', 'b', 'c', 'd', 'e', 'n'.repeat(255), 'é'];
  const path = (): string => {
    const parts = [pick(names)];
    while (parts.length < 5 && next() < 0.45) parts.push(pick(names));
    return parts.join('/');
  };
  // Who is not root has to be able to read, and to clear away, what comes of it.
  const least = process.getuid?.() === 0 ? 0 : 0o700;
  const modes = [0o755, 0o700, 0o777, 0o644, 0o666, 0o600, 0o555, 0o070, 0, 0o2775, 0o2777, 0o4755, 0o1755].map(
    (bits) => bits | least,
  );
  const owners = [-1, 0, 1000, 1001];

  const step = async (n: number): Promise<void> => {
    actor = any(plan.actors) ?? server;
    const [p, q] = [path(), path()];
    const bits = pick(modes);
    const number = Math.floor(next() * 5000);
    const file = any(open);
    const behind = next() < plan.behind;
    const either = async (name: string, call: (system: System) => Promise<unknown>): Promise<void> => {
      const want = await outcome(call(systems[0]));
      const have = await outcome(call(behind ? straight : systems[1]));
      // With two paths of which both are wrong it may be either that is complained of.
      if (name === 'rename' || name === 'link') if (isErrno(want) && isErrno(have)) return;
      const asked = `uid ${actor.uid ?? 'server'}${behind ? ' behind' : ''}`;
      t.is(have, want, `seed ${plan.seed} step ${n}: ${name} ${p} ${q} ${bits.toString(8)} ${number} (${asked})`);
    };
    const onFile = async (name: string, call: (system: System, file: number) => Promise<unknown>): Promise<void> => {
      if (!file) return;
      const want = await outcome(call(systems[0], file.real));
      t.is(await outcome(call(systems[1], file.fid)), want, `seed ${plan.seed} step ${n}: ${name} ${number}`);
    };
    const flags = pick([mode.O_RDONLY, mode.O_WRONLY, mode.O_RDWR]);
    const create = (): Promise<void> => {
      const how =
        mode.O_CREAT | pick([mode.O_WRONLY, mode.O_RDWR]) | pick([0, mode.O_EXCL, mode.O_APPEND, mode.O_TRUNC]);
      return opening(p, how);
    };
    const opening = async (name: string, how: number): Promise<void> => {
      // Through a link that leads nowhere open(2) makes a file; the session does not (9P has no such call).
      if (how & mode.O_CREAT && isLink(name)) return;
      const results: (number | string)[] = [];
      for (const system of systems) {
        try {
          results.push(await system.open(name, how, bits));
        } catch (error) {
          results.push((error as Errno).code);
        }
      }
      const [want, have] = results;
      if (typeof want === 'number' && typeof have === 'number') {
        // Directories and FIFOs are opened for the answer only.
        if (!fs.fstatSync(want).isFile()) {
          await systems[0].close(want);
          await systems[1].close(have);
          return;
        }
        open.push({ real: want, fid: have, writable: mode.writes(how), append: (how & mode.O_APPEND) !== 0 });
        if (open.length > 12) await close(open[0]!);
      } else
        t.is(have, want, `seed ${plan.seed} step ${n}: open ${name} ${how.toString(8)} (uid ${actor.uid ?? 'server'})`);
    };
    const close = async (which: (typeof open)[number]): Promise<void> => {
      open.splice(open.indexOf(which), 1);
      await systems[0].close(which.real);
      await systems[1].close(which.fid);
    };
    const existing = async (name: string, use: () => Promise<void>): Promise<void> => {
      // chmod, truncate and access follow a last link; a fid is the link itself.
      if (!isLink(name)) await use();
    };
    const calls: (() => Promise<void>)[] = [
      () => either('mkdir', (s) => s.mkdir(p, bits)),
      () => either('mkdir', (s) => s.mkdir(p, 0o755)),
      () => either('mknod', (s) => s.mknod(p, mode.S_IFIFO | bits)),
      () => either('symlink', (s) => s.symlink(p, pickLink)),
      () => either('link', (s) => s.link(p, q)),
      () => either('rename', (s) => s.rename(p, q, renaming)),
      () => either('rename', (s) => s.rename(p, q, 0)),
      () => either('unlink', (s) => s.unlink(p)),
      () => either('rmdir', (s) => s.rmdir(p)),
      () => either('readlink', (s) => s.readlink(p)),
      () => either('stat', (s) => s.stat(p)),
      () => either('list', (s) => s.list(p)),
      () => existing(p, () => either('chmod', (s) => s.chmod(p, bits))),
      () => either('chown', (s) => s.chown(p, uid, gid)),
      () => either('utimes', (s) => s.utimes(p, number)),
      () => existing(p, () => either('truncate', (s) => s.truncate(p, number))),
      () => existing(p, () => either('access', (s) => s.access(p, number % 8))),
      create,
      create,
      () => opening(p, flags),
      () => onFile('read', (s, f) => s.read(f, number, 4096)),
      () => onFile('write', (s, f) => s.write(f, number, `${n}`.repeat(number % 50))),
      async () => {
        if (file?.writable) await onFile('ftruncate', (s, f) => s.ftruncate(f, number));
      },
      () => onFile('fstat', (s, f) => s.fstat(f)),
      () => onFile('seek', (s, f) => s.seek(f, number, 3 + (number % 2))),
      async () => {
        const to = any(open);
        if (!file || !to || file === to || to.append) return;
        const want = await outcome(systems[0].copy(file.real, 0, to.real, number, 100));
        t.is(
          await outcome(systems[1].copy(file.fid, 0, to.fid, number, 100)),
          want,
          `seed ${plan.seed} step ${n}: copy`,
        );
      },
      async () => {
        if (file) await close(file);
      },
    ];
    const renaming = pick([0, 1, 2]);
    const uid = pick(owners);
    const gid = pick(owners);
    const pickLink = pick([pick(names), `./${pick(names)}`, `${pick(names)}/${pick(names)}`]);
    await pick(calls)();
  };

  for (let n = 0; n < plan.steps; n++) {
    await step(n);
    t.is(session.size, open.length, `seed ${plan.seed} step ${n}: fids left`);
    if (n % 100 === 99) t.deepEqual(tree(actual), tree(expected), `seed ${plan.seed} after step ${n}`);
  }
  for (const { real: descriptor, fid } of open) {
    fs.closeSync(descriptor);
    await session.clunk(fid);
  }
  t.is(session.size, 0);
};

test('random calls do what the system calls do', (t) =>
  run(t, { seed, steps, actors: [undefined], behind: 0, descriptors: 16 }));

test('also where the host makes half of them behind the server', (t) =>
  run(t, { seed: seed + 1, steps, actors: [undefined], behind: 0.5, descriptors: 16 }));

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('also for callers with other uids and groups', (t) => {
  const one = new Request(operator, { uid: 1000, gid: 1000 });
  const two = new Request(operator, { uid: 1001, gid: 1001, groups: () => [1000, 1002] });
  return run(t, { seed: seed + 2, steps, actors: [undefined, one, two], behind: 0, descriptors: 16 });
});
