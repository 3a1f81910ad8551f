#!/usr/bin/env node
// Makes a fresh clone ready: npm packages, Debian packages, the bundle. Does only what is missing, so that every
// command of package.json can begin with it. It runs before anything is installed: Node's own modules only, and no
// syntax that an old Node could not read far enough to be told that it is too old.
import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const minimum = [20, 19];

/** Programs of the system: the command that shows whether it is there, the Debian package that has it, and why. */
const programs = [
  { command: 'fusermount3', debian: 'fuse3', why: 'mounting without being root' },
  { command: 'diodcat', debian: 'diod', why: 'tests with a foreign 9P client', test: true },
  { command: 'python3', debian: 'python3', why: 'tests of system calls that no shell makes', test: true },
  { command: 'git', debian: 'git', why: "tests of agents' work directories", test: true },
  { command: 'rsync', debian: 'rsync', why: 'the same', test: true },
  { command: 'setfattr', debian: 'attr', why: 'the same', test: true },
  { command: 'sqlite3', debian: 'sqlite3', why: 'the same', test: true },
  { command: 'dash', debian: 'dash', why: 'tests of what shells write', test: true },
  { command: 'vim', debian: 'vim', why: 'tests of editors that save', test: true },
  { command: 'gio', debian: 'libglib2.0-bin', why: 'tests of file managers that copy', test: true },
];

const say = (text) => process.stderr.write(`setup: ${text}\n`);

class Failed extends Error {}

/** Runs a program to its end; its output is held back and shown only if it fails. A line every 10 s says it lives. */
const run = (program, args, what, env = {}) =>
  new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(program, args, {
      cwd: root,
      env: Object.assign({}, process.env, env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk) => (output = (output + String(chunk)).slice(-4000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const alive = setInterval(() => say(`${what}: still at it after ${seconds(started)}`), 10_000);
    child.on('error', (error) => {
      clearInterval(alive);
      reject(new Failed(`${what}: ${program} cannot be run: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      clearInterval(alive);
      if (code === 0) return resolve(seconds(started));
      process.stderr.write(output.endsWith('\n') || output === '' ? output : `${output}\n`);
      reject(new Failed(`${what} failed: ${program} ${args.join(' ')} ended with ${signal || `exit code ${code}`}`));
    });
  });

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const checkNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return;
  throw new Failed(`Node ${minimum.join('.')} or newer is needed; this is ${process.versions.node}`);
};

/** undefined: there is none. */
const readText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const readJson = (path) => {
  try {
    return JSON.parse(readText(path) || 'null');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const includes = (list, value) => !list || (list.includes(value) && !list.includes(`!${value}`));

/**
 * Whether node_modules is what package-lock.json says. npm leaves a copy of the lock of what it really installed,
 * written last: comparing the two stays right after an interrupted installation and after `npm install X`. Packages
 * that are optional may be absent, but not the ones made for this very platform.
 */
const installed = () => {
  const wanted = readJson(join(root, 'package-lock.json'));
  const present = readJson(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  return Object.entries(wanted.packages).every(([path, { version, integrity, optional, os, cpu, libc }]) => {
    if (path === '') return true;
    const there = present.packages[path];
    if (there) return there.version === version && there.integrity === integrity;
    const forUs = os && !libc && includes(os, process.platform) && includes(cpu, process.arch);
    return optional && !forUs;
  });
};

const isLink = (path) => {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isSymbolicLink();
};

const packages = async () => {
  if (installed()) return;
  if (isLink(join(root, 'node_modules'))) return say('node_modules is a link and differs from package-lock.json: left');
  say('installing packages with npm ci (about a minute on a first run)');
  const npm = process.env.npm_execpath;
  const [program, first] = npm ? [process.execPath, [npm]] : ['npm', []];
  // No package of ours needs its install script: native code comes as prebuilt files inside the packages.
  const args = first.concat('ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
  say(`packages installed in ${await run(program, args, 'installing packages', { NODE_ENV: '' })}`);
};

const onPath = (command) =>
  (process.env.PATH || '')
    .split(delimiter)
    .concat('/usr/sbin', '/sbin')
    .some((directory) => {
      try {
        accessSync(join(directory, command), constants.X_OK);
        return true;
      } catch {
        return false; // that is the answer asked for
      }
    });

const system = async (test) => {
  if (process.platform !== 'linux') return;
  const missing = programs.filter((program) => (test || !program.test) && !onPath(program.command));
  if (missing.length === 0) return;
  const names = missing.map((program) => program.debian);
  const why = missing.map((program) => `${program.debian} (${program.why})`).join(', ');
  if (process.getuid() !== 0 || !onPath('apt-get'))
    return say(`please install ${why}; on Debian, as root: apt-get install ${names.join(' ')}`);
  say(`installing Debian packages: ${why}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=120'];
  const install = () =>
    run('apt-get', apt.concat('install', '--no-install-recommends', names), 'installing Debian packages', env);
  const lists = () => run('apt-get', apt.concat('update'), 'reading the package lists', env);
  const known = await run('apt-cache', ['show', '--no-all-versions'].concat(names), 'looking up').catch(() => false);
  if (!known) await lists();
  // Lists that are there may be too old: the versions they name are gone from the mirror.
  const took = known ? await install().catch(() => lists().then(install)) : await install();
  say(`Debian packages installed in ${took}`);
};

/** mount(8) looks for its helpers in /sbin only. As root, ours is linked there unless something is there already. */
const mountHelper = () => {
  if (process.platform !== 'linux' || process.getuid() !== 0) return;
  const link = '/sbin/mount.fuse.weft';
  const helper = join(root, 'bin', 'mount.fuse.weft');
  if (!existsSync(helper)) return;
  try {
    if (isLink(link)) {
      accessSync(link);
      return;
    }
    if (lstatSync(link, { throwIfNoEntry: false })) return;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    say(`${link} led to ${readlinkSync(link)}, which is gone`);
    rmSync(link);
  }
  try {
    symlinkSync(helper, link);
    say(`${link} now leads here, so that mount -t fuse.weft works`);
  } catch (error) {
    say(`${link} cannot be made (${error.code}): mount -t fuse.weft will not work, weft mount does`);
  }
};

const bundle = async () => {
  const { build, stale } = await import('./build.mjs');
  if (!stale()) return;
  const started = Date.now();
  try {
    await build();
  } catch (error) {
    throw new Failed(`the program cannot be built: ${error.message.split('\n')[0].replace(/:$/, '')}`); // which it has shown
  }
  say(`program built in ${seconds(started)}`);
};

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Of two set-ups in one clone the second waits: two npm ci at once would spoil each other's work. */
const alone = async (work) => {
  const lock = join(root, 'dist', 'setup.pid');
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (let told = false; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readText(lock));
    if (holder > 0 && !alive(holder)) rmSync(lock, { force: true });
    if (!told) say(`waiting for another set-up (pid ${holder}, dist/setup.pid)`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
};

try {
  checkNode();
  await system(process.argv.includes('--test'));
  if (!installed() || (await import('./build.mjs')).stale())
    await alone(async () => {
      await packages();
      await bundle();
    });
  mountHelper();
} catch (error) {
  say(error instanceof Failed ? error.message : `failed: ${error.message}`);
  process.exitCode = 1;
}
