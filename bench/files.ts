import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, Client, serve, start, stop } from './support/children.ts';
import { compare } from './support/compare.ts';
import { compile, Missing } from './support/programs.ts';
import { line, type Report } from './support/report.ts';

interface Case {
  readonly name: string;
  /** What clients/files.c calls it. */
  readonly operation: 'write' | 'read' | 'stat' | 'cycle';
  readonly count: number;
  /** At most so many times what the peer takes. */
  readonly libfuse?: number;
  readonly native?: number;
}

const cases: readonly Case[] = [
  { name: 'write, 8 bytes', operation: 'write', count: 2000, libfuse: 3, native: 0.6 },
  { name: 'read, 8 bytes', operation: 'read', count: 2000 },
  { name: 'stat, uncached', operation: 'stat', count: 1000, libfuse: 3, native: 0.6 },
  { name: 'open, read, close', operation: 'cycle', count: 500, libfuse: 4, native: 0.6 },
];

/** Our mount against no-op servers on libfuse 3 (C, one thread) and on fuse-native. */
export const files = async (report: Report, folder: string, rounds: number): Promise<void> => {
  const client = new Client(await compile('clients/files.c', folder));
  const dir = async (name: string): Promise<string> => {
    const path = join(folder, name);
    await mkdir(path);
    return path;
  };
  const mount = await dir('ours');
  const ours = await serve('ours/files.ts', [mount]);
  const measure = (operation: string, count: number, path: string) => () =>
    client.measure(`${operation} ${count} ${path}`);

  const against = async (peer: string, at: string, target: (one: Case) => number | undefined): Promise<void> => {
    for (const one of cases) {
      const { name, operation, count } = one;
      const result = await compare(
        measure(operation, count, join(at, 'noop')),
        measure(operation, count, join(mount, 'noop')),
        rounds,
      );
      report.add(line(`${name} / ${peer}`, result, target(one)));
    }
  };

  try {
    const libfuse = await dir('libfuse');
    const noop = await start(await compile('peers/noop.c', folder, ['fuse3']), [libfuse]);
    await against('libfuse in C', libfuse, ({ libfuse: most }) => most);
    await stop(noop);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    report.note(`not compared with libfuse: ${error.message}`);
  }
  const native = await dir('native');
  const peer = await serve('peers/fuse-native.ts', [native]).catch((error: unknown) => {
    report.note(`not compared with fuse-native: ${String(error)}`);
    return undefined;
  });
  if (peer) {
    await against('fuse-native', native, ({ native: most }) => most);
    await stop(peer.child);
  }

  for (const name of ['dir', 'value', 'text']) {
    const stat = measure('stat', 20_000, join(mount, name));
    await stat();
    const before = await ask<{ asked: number }>(ours.child);
    const { mean } = await stat();
    const trips = (await ask<{ asked: number }>(ours.child)).asked - before.asked;
    const cached = name !== 'text';
    report.add({
      name: `stat of a ${name}, 20,000 times: round trips`,
      ours: `${trips}`,
      peer: `${(mean / 1000).toFixed(2)} us each`,
      ...(cached ? { target: '0', met: trips === 0 } : {}),
    });
  }
  await stop(ours.child);
};
