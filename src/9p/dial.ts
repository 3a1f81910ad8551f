import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Errno } from '../kernel/errno.ts';
import { formatAddress } from './address.ts';
import type { Address } from './address.ts';

/** A connected socket. ENOENT or ECONNREFUSED where nobody listens, EHOSTUNREACH, EINTR when aborted, ENOTSUP for tls and ssh. */
export const dial = async (address: Address, signal?: AbortSignal): Promise<Socket> => {
  if (address.kind === 'tls' || address.kind === 'ssh') {
    throw new Errno('ENOTSUP', `${formatAddress(address)}: connecting over ${address.kind} is not built`);
  }
  const socket = connect(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port });
  try {
    await once(socket, 'connect', signal ? { signal } : {});
    return socket;
  } catch (error) {
    socket.on('error', () => undefined); // the first error is the one to tell
    socket.destroy();
    if (signal?.aborted) throw new Errno('EINTR');
    if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') {
      throw new Errno('EHOSTUNREACH', `${formatAddress(address)}: no such host`, { cause: error });
    }
    throw Errno.ofSystem(error);
  }
};
