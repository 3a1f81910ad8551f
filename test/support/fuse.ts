import test, { type ExecutionContext, type TestFn } from 'ava';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dir } from '../../src/kernel/node.ts';
import { Changes } from '../../src/kernel/changes.ts';
import type { Session } from '../../src/kernel/session.ts';
import { linux } from '../../src/fuse/linux.ts';
import type { Mounted } from '../../src/fuse/driver.ts';
import { Client, type Ran } from './client.ts';
import { sessionOn } from './nodes.ts';

export { Client, type Ran };

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
