import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { formatAddress, parseAddress } from './9p/address.ts';
import { listen, type Listener } from './9p/listen.ts';
import { Agents } from './agent/agents.ts';
import { keyMarkKey } from './agent/keys.ts';
import type { Options } from './cli/options.ts';
import { devices } from './devices/index.ts';
import type { Environment, Listening, Server } from './devices/server.ts';
import { SystemClock } from './drivers/clock/system.ts';
import { KeyPool } from './drivers/keys/pool.ts';
import { serverKey } from './drivers/keys/server-key.ts';
import type { Log } from './drivers/log/log.ts';
import { Models } from './drivers/model/model.ts';
import { Offline } from './drivers/model/offline.ts';
import { Prometheus } from './drivers/metrics/prometheus.ts';
import { LevelStore } from './drivers/store/level.ts';
import { makeExamples } from './examples.ts';
import type { World } from './files/world.ts';
import type { Driver, Mounted } from './fuse/driver.ts';
import { Changes } from './kernel/changes.ts';
import { Errno } from './kernel/errno.ts';
import { observer, operator, remoteOperator } from './kernel/subject.ts';
import { Views } from './views.ts';
import { Works } from './works.ts';

export interface Running {
  /** The directory the tree is mounted on. */
  readonly mount: string | undefined;
  /** Where 9P clients connect, in the form `parseAddress` reads. */
  readonly addresses: readonly string[];
  /** Resolves when the server was asked to end (`ctl`), or its mount was taken away by somebody else. */
  readonly asked: Promise<string>;
  /** Unmounts, hangs up, ends the ticks that run and makes everything durable. */
  stop(): Promise<void>;
}

export interface StartOptions extends Options {
  readonly version: string;
  readonly log: Log;
  /** Where the namespace files lie. */
  readonly namespaces: string;
}

/** The one place that knows every implementation: builds a server from its parts and starts it. */
export const start = async (options: StartOptions): Promise<Running> => {
  const { state, log } = options;
  const closers: (() => Promise<void> | void)[] = [];
  const end = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close();
  };
  let ending: Promise<void> | undefined;
  const stop = (): Promise<void> => (ending ??= end());
  try {
    return await build(options, closers, stop);
  } catch (error) {
    log.error('start failed', { state: state.directory, error });
    await stop();
    throw error;
  }
};

const build = async (
  options: StartOptions,
  closers: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Running> => {
  const { state, log, version } = options;
  const clock = new SystemClock();
  const changes = new Changes();
  const world: World = { changes, now: () => clock.now(), uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

  const metrics = new Prometheus();
  const store = await LevelStore.open(state.db);
  closers.push(() => store.close());
  metrics.read('weft_store_batches_total', 'Batches written.', () => [{ value: store.written.batches }], 'counter');
  metrics.read(
    'weft_store_writes_total',
    'Writes they went down in.',
    () => [{ value: store.written.writes }],
    'counter',
  );
  const keys = new KeyPool(
    await serverKey({
      directory: state.keys,
      needed: store.get(keyMarkKey) !== undefined,
      warn: (message) => log.warn(message),
    }),
  );
  closers.push(() => keys.close());
  const works = new Works({
    work: state.work,
    checkpoints: state.checkpoints,
    failed: (name, error) => log.warn('a work directory stays where it is', { name, error }),
  });
  closers.push(() => works.close());
  const agents = await Agents.open({ store, clock, models: models(options.model), keys, work: works, metrics });
  closers.push(() => agents.close());
  if (store.damage !== undefined) {
    log.error(store.damage, { path: state.db });
    agents.refused('', new Errno('EBADMSG', store.damage));
  }
  await works.sweep(agents);

  const listeners: (Listener & { listening: Listening })[] = [];
  let mounted: Mounted | undefined;
  let ask: (why: string) => void = () => undefined;
  const asked = new Promise<string>((resolve) => {
    ask = resolve;
  });
  const server: Server = {
    world,
    agents,
    version,
    started: clock.now(),
    state: state.directory,
    damage: store.damage,
    metrics,
    connections: () => listeners.reduce((sum, { size }) => sum + size, 0),
    listeners: () => listeners.map(({ listening }) => listening),
    mounts: () => (mounted ? [mounted.dir] : []),
    shutdown: () => ask('ctl'),
    sync: () => agents.sync(),
    work: (name, id) => works.open(name, id),
    keptWork: (id, key) => works.copy(id, key),
    environment: environment(state.directory),
  };
  const tree = devices(server);
  const views = new Views({
    directory: options.namespaces,
    devices: tree,
    changes,
    warn: (message, error) => log.warn(message, { error }),
    applied: (file) => log.info('namespace file applied', { file }),
  });
  closers.push(() => views.close());
  if (options.examples) await makeExamples(agents);

  for (const text of options.listen) {
    const address = parseAddress(text);
    const insecure = address.kind === 'tcp';
    if (insecure && !options.insecureTcp) {
      throw new Errno('EPERM', `${text}: a TCP listener without authentication needs --insecure-tcp`);
    }
    const subject = !insecure ? operator : options.insecureTcp === 'observer' ? observer : remoteOperator;
    const listener = await listen(address, {
      attach: (aname, given) => views.attach(subject, aname, given),
      unexpected: (error) => log.error('9p', { error }),
    });
    closers.push(() => listener.close());
    const listening = { address: formatAddress(listener.address), insecure, tier: subject.tier };
    listeners.push(Object.assign(listener, { listening }));
    if (insecure) log.warn(`${listening.address} makes anybody ${subject.tier}`);
  }
  const addresses = listeners.map(({ listening }) => listening.address);

  if (options.mount !== undefined) {
    mounted = await (
      await driver(options.driver)
    ).mount({
      dir: options.mount,
      source: addresses[0] ?? 'weft',
      session: views.attach(operator, '', { maxFids: Infinity }),
      changes,
      log: (message, error) => log.error(message, { error }),
    });
    closers.push(() => mounted?.unmount());
    mounted.ended.then(
      () => ask('unmounted'),
      (error: unknown) => {
        log.error('the mount failed', { error });
        ask('the mount failed');
      },
    );
  }
  log.info('ready', { mount: options.mount, addresses });
  return { mount: options.mount, addresses, asked, stop };
};

const models = (choice: string | undefined): Models => {
  const there = new Models(new Offline());
  // A missing provider is an error, never a silent stand-in.
  if (choice !== undefined) there.get(choice);
  return there;
};

const driver = async (name: Options['driver']): Promise<Driver> => {
  if (name === 'kernel') return (await import('./fuse/linux.ts')).linux;
  return (await import('./fuse/native/native.ts')).native;
};

const environment = (state: string): Environment => ({
  fuse: async () => {
    try {
      await access('/dev/fuse', constants.R_OK | constants.W_OK);
      return undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? 'no /dev/fuse: load the module fuse' : '/dev/fuse is closed to this user';
    }
  },
  free: async () => {
    const { bavail, bsize } = await statfs(state);
    return bavail * bsize;
  },
  stateMode: async () => (await stat(state)).mode & 0o777,
});
