import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Client, known, serve, stop } from './support/children.ts';
import { compare } from './support/compare.ts';
import { compile, Missing, program } from './support/programs.ts';
import { line, type Report } from './support/report.ts';

interface Case {
  readonly name: string;
  readonly operation: 'read' | 'bulk' | 'getattr';
  readonly inFlight: number;
  readonly count: number;
  /** At most so many times what diod takes. */
  readonly most?: number;
}

const cases: readonly Case[] = [
  { name: 'Tread of 8 bytes, one by one', operation: 'read', inFlight: 1, count: 1000, most: 1.5 },
  { name: 'Tgetattr, one by one', operation: 'getattr', inFlight: 1, count: 1000, most: 1.5 },
  { name: 'Tread, 16 in flight', operation: 'read', inFlight: 16, count: 10_000, most: 1 },
  { name: 'Tread, 32 in flight', operation: 'read', inFlight: 32, count: 10_000, most: 1 },
  { name: 'Tread, 64 in flight', operation: 'read', inFlight: 64, count: 10_000, most: 1 },
  { name: 'Tgetattr, 32 in flight', operation: 'getattr', inFlight: 32, count: 10_000, most: 1 },
  { name: 'Tread of 65,000 bytes, one by one', operation: 'bulk', inFlight: 1, count: 300 },
  { name: 'Tread of 65,000 bytes, 8 in flight', operation: 'bulk', inFlight: 8, count: 500 },
];

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** diod serves a folder, without authentication, on a port of this machine and on a unix socket. */
const diod = async (folder: string, port: number, path: string): Promise<ChildProcess> => {
  const args = ['-f', '-n', '-N', '-l', `127.0.0.1:${port}`, '-l', path, '-e', folder, '-L', 'stderr'];
  const child = known(spawn(program('diod', 'diod'), args, { stdio: 'ignore' }));
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1');
    const up = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (up) return child;
    if (tries === 100 || child.exitCode !== null) throw new Missing('diod does not start');
    await after(50);
  }
};

/** Our 9P server against diod, over loopback TCP and a unix socket; the load generator is a program in C for both. */
export const ninep = async (report: Report, folder: string, rounds: number): Promise<void> => {
  const served = join(folder, 'diod');
  await mkdir(served);
  await writeFile(join(served, 'noop'), '01234567');
  await writeFile(join(served, 'bulk'), Buffer.alloc(65_536));
  const client = await compile('clients/ninep.c', folder);
  const theirs = { port: await freePort(), path: join(folder, 'diod.sock') };
  const own = { port: await freePort(), path: join(folder, 'ours.sock') };
  const peer = await diod(served, theirs.port, theirs.path);
  const { child } = await serve('ours/ninep.ts', [`tcp:127.0.0.1:${own.port}`, `unix:${own.path}`]);

  const dial = async (kind: string, where: string, aname: string): Promise<Client> => {
    const dialled = new Client(client, [kind, where, aname]);
    await dialled.line();
    return dialled;
  };
  for (const kind of ['tcp', 'unix'] as const) {
    const at = ({ port, path }: typeof own): string => (kind === 'tcp' ? String(port) : path);
    const ours = await dial(kind, at(own), '');
    const other = await dial(kind, at(theirs), served);
    for (const { name, operation, inFlight, count, most } of cases) {
      const measure = (on: Client) => () => on.measure(`${operation} ${count} ${inFlight}`);
      const result = await compare(measure(other), measure(ours), rounds);
      report.add(line(`${name}, ${kind} / diod`, result, most));
    }
    await Promise.all([stop(ours.child), stop(other.child)]);
  }
  await Promise.all([stop(child), stop(peer)]);
};
