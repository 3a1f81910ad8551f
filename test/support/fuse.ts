import test, { type ExecutionContext, type TestFn } from 'ava';
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dir } from '../../src/kernel/node.ts';
import { Changes } from '../../src/kernel/changes.ts';
import type { Session } from '../../src/kernel/session.ts';
import { linux } from '../../src/fuse/linux.ts';
import type { Mounted } from '../../src/fuse/driver.ts';
import { sessionOn } from './nodes.ts';

const python = 'python3';

export const usable = (): boolean => {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/** A test that needs /dev/fuse: skipped by name where there is none, but not in CI. */
export const fuse: Pick<TestFn, never> & ((title: string, run: (t: ExecutionContext) => Promise<void>) => void) =
  usable() || process.env['CI'] === 'true' ? test : (title, run) => test.skip(`${title} (no /dev/fuse)`, run);

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A client: a process of its own, because the one that serves a mount cannot touch it. Killed with the test at the latest. */
export class Client {
  readonly child: ChildProcess;
  readonly done: Promise<Ran>;
  out = '';
  err = '';
  readonly #waiting = new Set<() => void>();

  /** Never with a working directory in the mount: the child would enter it while we wait for it to start. */
  constructor(command: string, args: readonly string[], cwd = '/') {
    this.child = spawn(command, args, {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      for (const look of this.#waiting) look();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.done = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => resolve({ code, signal, out: this.out, err: this.err }));
    });
  }

  /** Resolves when its output holds a text; rejects where it ends before. */
  async says(text: string): Promise<void> {
    if (this.out.includes(text)) return;
    await Promise.race([
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (!this.out.includes(text)) return;
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      }),
      this.done.then(({ out, err }) => {
        if (!out.includes(text)) throw new Error(`ended without '${text}': ${out} ${err}`);
      }),
    ]);
  }
}

export interface MountedTree {
  readonly dir: string;
  readonly mounted: Mounted;
  readonly session: Session;
  readonly changes: Changes;
  /** What could not be told to anybody, in order. */
  readonly log: string[];
  /** A shell script in the mounted directory, to its end. */
  readonly sh: (script: string) => Promise<Ran>;
  /** The same with python3. */
  readonly python: (script: string) => Promise<Ran>;
  readonly start: (command: string, ...args: string[]) => Client;
}

/** Mounts a tree for one test; `told` are the changes that the tree tells of. */
export const mounted = async (t: ExecutionContext, root: Dir, told = new Changes()): Promise<MountedTree> => {
  const dir = await mkdtemp(join(tmpdir(), 'weft-fuse-'));
  const { session, changes } = await sessionOn(root, { maxFids: Infinity, changes: told });
  const log: string[] = [];
  const clients = new Set<Client>();
  const mount = await linux.mount({
    dir,
    source: 'weft-test',
    session,
    changes,
    log: (text, cause) => void log.push(cause instanceof Error ? `${text}: ${cause.stack}` : text),
  });
  t.teardown(async () => {
    for (const client of clients) client.child.kill('SIGKILL');
    await mount.unmount();
    await rmdir(dir);
  });
  const start = (command: string, ...args: string[]): Client => {
    const client = new Client(command, args);
    clients.add(client);
    void client.done.finally(() => clients.delete(client)).catch(() => undefined);
    return client;
  };
  return {
    dir,
    mounted: mount,
    session,
    changes,
    log,
    start,
    sh: (script) => start('/bin/sh', '-c', `cd ${dir} && { ${script}\n}`).done,
    python: (script) => start(python, '-c', `import os\nos.chdir('${dir}')\n${script}`).done,
  };
};
