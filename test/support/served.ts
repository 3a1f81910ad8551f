import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Client, type Ran } from './client.ts';
import { begin, type Started } from './program.ts';

/** What a test, or a program that is none, gives for the end of it. */
export interface Scope {
  readonly teardown: (end: () => void | Promise<void>) => void;
}

export interface Served {
  readonly state: string;
  readonly mount: string;
  /** Of the TCP listener, where one was asked for. */
  readonly port: number;
  readonly pid: number;
  readonly program: Started;
  /** A script in the mounted directory, to its end, by `sh` or another shell. */
  readonly sh: (script: string, shell?: string) => Promise<Ran>;
  readonly python: (script: string) => Promise<Ran>;
  /** The same, left running. */
  readonly start: (program: string, ...args: string[]) => Client;
  /** What the server holds now. */
  readonly holds: () => { readonly descriptors: number; readonly threads: number; readonly memory: number };
}

export interface ServeOptions {
  /** With a mount (the default) or only listeners. */
  readonly mount?: boolean;
  /** Listens on a TCP port too, where anybody is the operator. */
  readonly tcp?: boolean;
  /** Flags of Node itself. */
  readonly node?: readonly string[];
  /** The directory of an earlier life; it is removed with the test that made it. */
  readonly base?: string;
}

/** A directory on the disk that goes with its test. */
export const place = (t: Scope): string => {
  const base = mkdtempSync(join(tmpdir(), 'weft-served-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  return base;
};

/** Free a moment ago. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** The program as a user starts it, and clients that are processes of their own. Call `built` first. */
export const served = async (t: Scope, options: ServeOptions = {}): Promise<Served> => {
  const base = options.base ?? place(t);
  const [state, mount] = [join(base, 'state'), join(base, 'mount')];
  const tcp = options.tcp ? ['--listen', `unix:${state}/9p.sock`, '--listen', `tcp:127.0.0.1:${await freePort()}`] : [];
  const flags = options.tcp ? [...tcp, '--insecure-tcp=operator'] : [];
  const where = options.mount === false ? ['--no-mount'] : ['--mount', mount];
  const clients = new Set<Client>();
  const program = begin(t, ['up', '--state', state, ...where, ...flags], {}, options.node);
  t.teardown(async () => {
    for (const client of clients) client.child.kill('SIGKILL');
    program.child.kill('SIGTERM');
    await program.ended;
  });
  const said = await program.says(/ready .*\n/);
  const pid = program.child.pid!;
  const start = (command: string, ...args: string[]): Client => {
    const client = new Client(command, args);
    clients.add(client);
    void client.done.finally(() => clients.delete(client)).catch(() => undefined);
    return client;
  };
  return {
    state,
    mount,
    port: Number(/tcp:127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? 0),
    pid,
    program,
    start,
    sh: (script, shell = 'sh') => start(shell, '-c', `cd '${mount}' && { ${script}\n}`).done,
    python: (script) => start('python3', '-c', `import os\nos.chdir('${mount}')\n${script}`).done,
    holds: () => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]);
      return {
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
        threads: number('Threads'),
        memory: number('VmRSS') * 1024,
      };
    },
  };
};

/** The path of a program, if there is one of that name. */
export const installed = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin']
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(exists);

/** What the set-up installs for the tests: missing it is a failure where CI=true. */
const expected = ['bash', 'dash', 'git', 'gio', 'python3', 'rsync', 'sqlite3', 'tar', 'vim'];

/** Shall tests that need a program run? Where it must be there they run, and fail without it. */
export const runnable = (name: string): boolean =>
  installed(name) !== undefined || (process.env['CI'] === 'true' && expected.includes(name));

/** Is a program there? A missing one is skipped by name. */
export const present = (t: ExecutionContext, name: string): boolean => {
  if (installed(name)) return true;
  if (process.env['CI'] === 'true' && expected.includes(name)) t.fail(`${name} is not installed`);
  else t.log(`skipped: ${name} is not installed`);
  return false;
};

const exists = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
