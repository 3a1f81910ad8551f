import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, isIP } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { lookup } from 'node:dns/promises';
import { Errno } from '../kernel/errno.ts';
import { formatAddress } from './address.ts';
import type { Address } from './address.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';

const MAX_CONNECTIONS = 256;

export interface ListenOptions extends ConnectionOptions {
  /** Connections at one time; more are closed as they come. */
  readonly maxConnections?: number;
}

/** A place where clients come in. */
export interface Listener {
  /** Where it listens; for port 0, the port it got. */
  readonly address: Address;
  /** Connections open now. */
  readonly size: number;
  /** Takes no more clients, ends those there are, and resolves when all their fids are clunked. */
  close(): Promise<void>;
}

/**
 * Listens on a unix socket (made with mode 0600) or on TCP, where only addresses of this machine are taken. EADDRINUSE is
 * EBUSY; anything but unix and tcp is ENOTSUP.
 */
export const listen = async (address: Address, options: ListenOptions): Promise<Listener> => {
  if (address.kind === 'unix') return listenUnix(address, options);
  if (address.kind === 'tcp') return listenTcp(address, options);
  throw new Errno('ENOTSUP', `${formatAddress(address)}: listening on ${address.kind} is not built`);
};

const listenUnix = async (address: Address & { kind: 'unix' }, options: ListenOptions): Promise<Listener> => {
  await clearStale(address.path);
  const server = createServer({ noDelay: true });
  const clients = take(server, options);
  // The file must never be open to others, not even between bind and chmod.
  const mask = process.umask(0o177);
  try {
    server.listen(address.path);
  } finally {
    process.umask(mask);
  }
  await listening(server, address);
  await chmod(address.path, 0o600);
  return listener(server, address, clients, options);
};

const listenTcp = async (address: Address & { kind: 'tcp' }, options: ListenOptions): Promise<Listener> => {
  const { host, port } = address;
  const numeric = isIP(host) ? host : (await found(host)).address;
  if (!/^(127\.|::1$)/.test(numeric)) {
    throw new Errno('EPERM', `${formatAddress(address)}: without authentication only this machine may connect`);
  }
  const server = createServer({ noDelay: true });
  const clients = take(server, options);
  server.listen(port, numeric);
  await listening(server, address);
  return listener(server, { ...address, port: (server.address() as AddressInfo).port }, clients, options);
};

const found = async (host: string): Promise<{ address: string }> => {
  try {
    return await lookup(host);
  } catch (error) {
    throw new Errno('EHOSTUNREACH', `no address for ${host}`, { cause: error });
  }
};

const listening = async (server: Server, address: Address): Promise<void> => {
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw new Errno('EBUSY', `${formatAddress(address)} is in use`, { cause: error });
    }
    throw Errno.ofSystem(error);
  }
};

/** A socket file nobody answers on is the rest of a server that was killed. Anything else is left alone. */
const clearStale = async (path: string): Promise<void> => {
  // What keeps it from being looked at keeps the socket from being made, and is told then.
  const stats = await lstat(path).catch(() => undefined);
  if (!stats) return;
  if (!stats.isSocket()) throw new Errno('EEXIST', `${path} is there and is no socket`);
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw Errno.ofSystem(error);
    await unlink(path);
    return;
  } finally {
    socket.destroy();
  }
  throw new Errno('EBUSY', `another server answers on ${path}`);
};

/** Serves who connects. Asked for before the server listens: a client that nobody takes then would wait for ever. */
const take = (server: Server, options: ListenOptions): ReadonlySet<Connection> => {
  const connections = new Set<Connection>();
  const most = options.maxConnections ?? MAX_CONNECTIONS;
  server.on('connection', (socket: Socket) => {
    if (connections.size >= most) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, options);
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
  });
  return connections;
};

const listener = (
  server: Server,
  address: Address,
  connections: ReadonlySet<Connection>,
  options: ListenOptions,
): Listener => {
  // EMFILE and the like: this client was not taken, the next may be.
  server.on('error', options.unexpected);
  return {
    address,
    get size() {
      return connections.size;
    },
    close: async () => {
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      await Promise.all([...connections].map((connection) => connection.close()));
      await closed;
    },
  };
};
