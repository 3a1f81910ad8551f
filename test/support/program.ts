import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
const bin = join(root, 'bin', 'weft');

/** The bundle of these sources; call it before the tests of a file. */
export const built = async (): Promise<void> => {
  await promisify(execFile)(process.execPath, [join(root, 'bin', 'build.mjs'), '--if-stale']);
};

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with standard output as soon as it matches; rejects if the program ends before. */
  readonly says: (pattern: RegExp) => Promise<string>;
}

/** What a test has; a program that is no test brings its own. */
interface Scope {
  readonly teardown: (end: () => void | Promise<void>) => void;
}

type Environment = Readonly<Record<string, string>>;

/** What the machine this runs on has set must not decide. */
const clean = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WEFT_')));

/** Starts the program as a user does (`node`: flags of Node itself); it is killed with the test at the latest. */
export const begin = (
  t: Scope,
  args: readonly string[],
  env: Environment = {},
  node: readonly string[] = [],
): Started => {
  const child = spawn(process.execPath, [...node, bin, ...args], { cwd: '/', env: { ...clean(), ...env } });
  // It may end without having read all of its input.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  const says = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(stdout)) return;
        watchers.delete(look);
        resolve(stdout);
      };
      watchers.add(look);
      look();
      void ended.then(({ code, stderr: said }) =>
        reject(new Error(`ended with ${String(code)} and never said ${String(pattern)}: ${stdout}${said}`)),
      );
    });
  return { child, ended, says };
};

/** Runs the program to its end. `input` is its standard input; without it there is nothing to read. */
export const weft = (
  t: Scope,
  args: readonly string[],
  options: { env?: Environment; input?: string } = {},
): Promise<Ended> => {
  const { child, ended } = begin(t, args, options.env);
  child.stdin!.end(options.input ?? '');
  return ended;
};
