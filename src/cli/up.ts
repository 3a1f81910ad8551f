import { join } from 'node:path';
import type { Running } from '../compose.ts';
import { start } from '../compose.ts';
import type { FileLog } from '../drivers/log/file.ts';
import { fileLog } from '../drivers/log/file.ts';
import { Errno } from '../kernel/errno.ts';
import { packageRoot, version } from '../package.ts';
import { makeDirectories } from './directories.ts';
import type { Run } from './command.ts';
import type { Announce } from './detach.ts';
import { maybeDetached } from './detach.ts';
import type { Options } from './options.ts';
import { readOptions } from './options.ts';
import { removeServer, runningServer, writeServer } from './server-file.ts';
import { prepare } from './state.ts';
import { untilSignal } from './until.ts';

/** Milliseconds an orderly end may take before the process ends without it. */
const PATIENCE = 20_000;

export const run: Run = async (_words, flags) => {
  const options = readOptions(flags, process.env);
  prepare(options.state);
  refuseSecond(options);
  return maybeDetached(flags.detach === true, options.state.log, (announce) => serve(options, announce));
};

/** The store's own lock decides between two that start in the same moment; this names the one that runs. */
const refuseSecond = ({ state }: Options): void => {
  const first = runningServer(state);
  if (!first) return;
  const where = first.addresses.length > 0 ? ` on ${first.addresses.join(' ')}` : '';
  throw new Errno('EBUSY', `a server already runs on this state directory: pid ${first.pid}${where}`, {
    path: state.directory,
  });
};

const serve = async (options: Options, announce: Announce): Promise<number> => {
  const { state, mount } = options;
  const { asked: signalled, release } = untilSignal();
  const log = fileLog(state.log, { level: options.logLevel });
  const broken = untilBroken(log);
  if (mount !== undefined) makeMountPoint(mount);
  const running = await start({ ...options, version, log, namespaces: join(packageRoot, 'mounts') });
  try {
    writeServer(state, { version, addresses: running.addresses, ...(mount !== undefined && { mount }) });
    await announce.ready(['weft: ready', ...(mount === undefined ? [] : [mount]), ...running.addresses].join(' '));
    const why = await Promise.race([signalled, running.asked, broken]);
    log.info('stopping', { why });
    return why === BROKEN || why === 'the mount failed' ? 1 : 0;
  } finally {
    await stop(running, log);
    removeServer(state);
    log.info('stopped');
    log.close();
    release();
  }
};

/** The default one is made on the first start. A dead mount of ours there is an error to stat, and is dealt with later. */
const makeMountPoint = (directory: string): void => {
  try {
    makeDirectories(directory);
  } catch (error) {
    const { code } = Errno.ofSystem(error);
    if ((error as NodeJS.ErrnoException).code !== 'ENOTCONN' && code !== 'EEXIST')
      throw new Errno(code, undefined, { path: directory, cause: error });
  }
};

/** What a defect of ours resolves with. */
const BROKEN = 'a defect';

/** An exception nobody caught leaves a state nobody knows: it is logged with its stack and the server ends in order. */
const untilBroken = (log: FileLog): Promise<string> =>
  new Promise((resolve) => {
    const report = (error: unknown): void => {
      log.error('a defect: the server stops', { error });
      process.stderr.write('weft: a defect in weft: the server stops; its log has the details\n');
      resolve(BROKEN);
    };
    process.on('uncaughtException', report);
    process.on('unhandledRejection', report);
  });

/** With a live mount process.exit would hang, so what cannot be ended is killed: the kernel then ends the mount. */
const stop = async (running: Running, log: FileLog): Promise<void> => {
  const late = setTimeout(() => {
    log.error('stopping took too long');
    process.stderr.write(`weft: not stopped after ${PATIENCE / 1000} s: giving up\n`);
    process.kill(process.pid, 'SIGKILL');
  }, PATIENCE);
  try {
    await running.stop();
  } finally {
    clearTimeout(late);
  }
};
