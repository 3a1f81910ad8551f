import { Text } from '../../files/text.ts';
import type { Server } from '../server.ts';

type Verdict = readonly ['ok' | 'warn' | 'fail', string];

const LOW = 100 * 1024 * 1024;
/** What the whole of it may take, in milliseconds. */
const PATIENCE = 900;

/** One line a check: ok, warn or fail, what, and what to do. No network, and never longer than a second. */
export const doctor = (server: Server): Text =>
  new Text(server.world, async () => {
    const checks = Object.entries(examine(server)).map(async ([what, check]): Promise<string> => {
      const [verdict, text] = await within(check, what);
      return `${verdict.padEnd(4)} ${what}: ${text}\n`;
    });
    return (await Promise.all(checks)).join('');
  });

const examine = (server: Server): Record<string, () => Promise<Verdict> | Verdict> => ({
  fuse: async () => {
    const reason = await server.environment.fuse();
    return reason === undefined ? ['ok', 'can be used'] : ['warn', `${reason}; weft works over 9P all the same`];
  },
  mount: () => {
    const mounts = server.mounts();
    return mounts.length > 0 ? ['ok', mounts.join(', ')] : ['warn', 'nothing is mounted (--no-mount)'];
  },
  state: async () => {
    const mode = await server.environment.stateMode();
    const open = (mode & 0o077) !== 0;
    return open ? ['warn', `others can look into ${server.state}: chmod 700 it`] : ['ok', server.state];
  },
  store: () =>
    server.damage === undefined
      ? ['ok', 'nothing was lost']
      : [
          'fail',
          `${server.damage}: restore the state directory from a copy, or run weft verify and send again what is missing`,
        ],
  disk: async () => {
    const free = await server.environment.free();
    const text = `${Math.floor(free / 1024 / 1024)} MiB free`;
    return free < LOW ? ['warn', `${text}: make room, or writes will fail with ENOSPC`] : ['ok', text];
  },
  listeners: () => {
    const insecure = server.listeners().filter((listener) => listener.insecure);
    if (insecure.length === 0)
      return [
        'ok',
        server
          .listeners()
          .map(({ address }) => address)
          .join(', ') || 'none',
      ];
    const told = insecure.map(({ address, tier }) => `${address} makes anybody ${tier}`).join(', ');
    return ['warn', `INSECURE: ${told}; start without --insecure-tcp`];
  },
  model: () => {
    const { name, real } = server.agents.models.first;
    return real ? ['ok', name] : ['warn', `${name} is no language model: answers only quote what was asked`];
  },
  agents: () => {
    const failed = server.agents
      .list()
      .filter(({ state }) => state === 'failed')
      .map(({ name }) => name);
    return failed.length === 0
      ? ['ok', 'none has failed']
      : ['fail', `${failed.join(', ')}: read its error, then resume it`];
  },
});

const within = async (check: () => Promise<Verdict> | Verdict, what: string): Promise<Verdict> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => resolve(['warn', `no answer about ${what} in ${PATIENCE} ms`]), PATIENCE);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return ['fail', (error as Error).message];
  } finally {
    clearTimeout(timer);
  }
};
