import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { Client, known, stop } from './support/children.ts';
import { compare } from './support/compare.ts';
import { idleRow } from './support/process.ts';
import { compile } from './support/programs.ts';
import { line, type Report } from './support/report.ts';

interface Case {
  readonly name: string;
  readonly operation: string;
  readonly peer: string;
  readonly path: string;
  readonly count: number;
}

const cases: readonly Case[] = [
  { name: 'stat of an agent (cached)', operation: 'stat', peer: 'stat', path: '', count: 2000 },
  { name: 'stat of status (a text, never cached)', operation: 'stat', peer: 'stat', path: 'status', count: 500 },
  { name: 'open, read, close of status', operation: 'cycle', peer: 'cycle', path: 'status', count: 300 },
  {
    name: 'open, read, close of a note (a value)',
    operation: 'cycle',
    peer: 'cycle',
    path: 'memory/notes/n',
    count: 300,
  },
  { name: 'a note written; peer: with fsync', operation: 'put', peer: 'sync', path: 'memory/notes/n', count: 50 },
];

const root = fileURLToPath(new URL('..', import.meta.url));

/** A whole weft with its examples, beside plain files of the file system its state lies on. Only idleness has a target. */
export const agents = async (report: Report, folder: string, rounds: number): Promise<void> => {
  await promisify(execFile)(process.execPath, [join(root, 'bin', 'build.mjs'), '--if-stale']);
  const client = new Client(await compile('clients/files.c', folder));
  const mount = join(folder, 'weft');
  const ada = join(mount, 'agents', 'ada');
  const plain = join(folder, 'plain');
  await mkdir(join(plain, 'memory', 'notes'), { recursive: true });
  await writeFile(join(plain, 'status'), 'x'.repeat(200));
  await writeFile(join(plain, 'memory', 'notes', 'n'), '0123456\n');
  const args = ['up', '--state', join(folder, 'state'), '--mount', mount, '--examples'];
  const server = known(
    spawn(process.execPath, [join(root, 'bin', 'weft'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  await new Promise<void>((ready, failed) => {
    server.stdout!.once('data', () => ready());
    server.once('exit', (code) => failed(new Error(`weft ended with ${String(code)}`)));
  });
  await client.measure(`put 1 ${join(ada, 'memory/notes/n')}`);
  for (const { name, operation, peer, path, count } of cases) {
    const result = await compare(
      () => client.measure(`${peer} ${count} ${join(plain, path)}`),
      () => client.measure(`${operation} ${count} ${join(ada, path)}`),
      rounds,
    );
    report.add(line(`${name} / plain file`, result));
  }
  report.add(await idleRow(server, 'a whole weft, idle'));
  await Promise.all([stop(client.child), stop(server)]);
};
