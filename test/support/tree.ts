import type { ExecutionContext } from 'ava';
import { EventEmitter, once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { Agents } from '../../src/agent/agents.ts';
import { devices } from '../../src/devices/index.ts';
import type { Environment, Listening, Server } from '../../src/devices/server.ts';
import { ManualClock } from '../../src/drivers/clock/manual.ts';
import { Models, type Model } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import type { Keys } from '../../src/drivers/keys/keys.ts';
import type { Store } from '../../src/drivers/store/store.ts';
import { Prometheus } from '../../src/drivers/metrics/prometheus.ts';
import { MemoryStore } from '../../src/drivers/store/memory.ts';
import { Changes } from '../../src/kernel/changes.ts';
import { operator, type Subject } from '../../src/kernel/subject.ts';
import { Views } from '../../src/views.ts';
import { Works } from '../../src/works.ts';
import { keyPool } from './keys.ts';
import { Shell } from './shell.ts';
import { temporary } from './temporary.ts';

export interface TreeOptions {
  models?: Models;
  model?: Model;
  store?: Store;
  /** Default: keys of this tree's own. */
  keys?: Keys;
  listeners?: readonly Listening[];
  damage?: string;
  mounts?: readonly string[];
  environment?: Partial<Environment>;
}

export interface Tree {
  readonly agents: Agents;
  readonly clock: ManualClock;
  readonly changes: Changes;
  readonly views: Views;
  /** Where the namespace files of this tree lie. */
  readonly namespaces: string;
  /** Where the work/ directories lie. */
  readonly works: string;
  /** Calls of the server's own that a file made. */
  readonly calls: string[];
  /** What the views tell next of a namespace file that changed: `applied FILE`, or why it was not. */
  readonly told: () => Promise<string>;
  /** A session of its own: by tier, narrowed by an aname. */
  readonly attach: (subject?: Subject, aname?: string, options?: { links?: boolean }) => Shell;
}

/** The real tree on a memory store and a clock that stands still, with the agent `ada`. */
export const tree = async (t: ExecutionContext, options: TreeOptions = {}): Promise<Tree> => {
  const clock = new ManualClock();
  const changes = new Changes();
  const directory = temporary(t);
  const namespaces = join(directory, 'mounts');
  cpSync('mounts', namespaces, { recursive: true });
  const models = options.models ?? new Models(new Offline(), ...(options.model ? [options.model] : []));
  const keys = options.keys ?? keyPool();
  const metrics = new Prometheus();
  const works = new Works({
    work: directory,
    checkpoints: join(directory, '.checkpoints'),
    failed: (name, error) => t.log(name, error),
  });
  const store = options.store ?? new MemoryStore();
  const agents = await Agents.open({ store, clock, models, keys, work: works, metrics });
  await agents.define('ada', operator, options.model?.name);
  const calls: string[] = [];
  const server: Server = {
    world: { changes, now: () => clock.now(), uid: process.getuid!(), gid: process.getgid!() },
    agents,
    version: '1.2.3',
    started: clock.now(),
    state: directory,
    damage: options.damage,
    metrics,
    connections: () => 0,
    listeners: () => options.listeners ?? [],
    mounts: () => options.mounts ?? [],
    shutdown: () => void calls.push('shutdown'),
    sync: async () => {
      calls.push('sync');
      await agents.sync();
    },
    work: (name, id) => works.open(name, id),
    keptWork: (id, key) => works.copy(id, key),
    environment: {
      fuse: async () => undefined,
      free: async () => 512 * 1024 * 1024,
      stateMode: async () => 0o700,
      ...options.environment,
    },
  };
  const tellings = new EventEmitter();
  const views = new Views({
    directory: namespaces,
    devices: devices(server),
    changes,
    warn: (message, cause) => tellings.emit('told', `${message}: ${(cause as Error).message}`),
    applied: (file) => tellings.emit('told', `applied ${file}`),
  });
  const shells: Shell[] = [];
  t.teardown(async () => {
    for (const shell of shells) await shell.end();
    views.close();
    await agents.close();
    works.close();
  });
  return {
    agents,
    clock,
    changes,
    views,
    namespaces,
    works: directory,
    calls,
    told: async () => (await once(tellings, 'told'))[0] as string,
    attach: (subject = operator, aname = '', given = {}) => {
      const shell = new Shell(views.attach(subject, aname, given));
      shells.push(shell);
      return shell;
    },
  };
};
