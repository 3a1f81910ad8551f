import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { populate } from '../test/support/population.ts';
import { known, stop } from './support/children.ts';
import { settled } from './support/process.ts';
import type { Report } from './support/report.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** One line of JSON: milliseconds of what a client does in the mount. */
const client = `
import json, os, sys, time, random
os.chdir(sys.argv[1]); count = int(sys.argv[2]); random.seed(1)
def timed(work):
    begun = time.perf_counter(); work(); return (time.perf_counter() - begun) * 1000
def cat(path):
    fd = os.open(path, os.O_RDONLY); data = os.read(fd, 65536); os.close(fd); return data
def ask(name):
    fd = os.open(f'agents/{name}/ask', os.O_RDWR); os.write(fd, b'Are you awake?'); answer = os.read(fd, 65536); os.close(fd)
    assert b'awake' in answer, answer
def middle(values): values.sort(); return [values[len(values) // 2], values[int(len(values) * 0.99)]]
result = {}
chosen = random.sample(range(count), min(count, 1000))
result['first'] = timed(lambda: cat(f'agents/a{chosen[0]}/status'))
result['status'] = middle([timed(lambda n=n: cat(f'agents/a{n}/status')) for n in chosen[1:400]])
result['ask'] = middle([timed(lambda n=n: ask(f'a{n}')) for n in chosen[400:600]])
result['index'] = timed(lambda: open('agents/../index').read())
print(json.dumps(result))
`;

interface Measured {
  readonly first: number;
  readonly status: readonly [number, number];
  readonly ask: readonly [number, number];
  readonly index: number;
}

const resident = async (pid: number): Promise<number> =>
  Number(/^VmRSS:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1_000;

/** Asleep in one store; the targets are for this many. */
const AIMED = 100_000;

const figures = async (report: Report, folder: string, count: number): Promise<void> => {
  const state = join(folder, `scale-${count}`);
  const mount = join(folder, `scale-mount-${count}`);
  await mkdir(state, { mode: 0o700 });
  await populate(join(state, 'db'), count, { answered: count > AIMED ? 0 : 1 });
  const add = (name: string, value: number, unit: string, most?: number): void =>
    report.add({
      name: `${count} asleep: ${name}`,
      ours: `${value.toFixed(unit === 'ms' ? 1 : 0)} ${unit}`,
      ...(most !== undefined && count === AIMED && { target: `< ${most} ${unit}`, met: value < most }),
    });
  const start = async (...where: string[]): Promise<ChildProcess> => {
    const args = [join(root, 'bin', 'weft'), 'up', '--state', state, ...where];
    const child = known(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    await once(child.stdout!, 'data');
    return child;
  };
  // The first start makes the keys of all of them, which their makers would have had made one by one.
  const first = await start('--no-mount');
  await settled(first);
  await stop(first);
  const begun = performance.now();
  const server = await start('--mount', mount);
  add('from the start to the mount', performance.now() - begun, 'ms', 2_000);
  add('resident memory after the start', await resident(server.pid!), 'MB', 300);
  const listing = performance.now();
  const { stdout } = await run('sh', ['-c', `ls ${mount}/agents | wc -l`]);
  add('ls agents | wc -l', performance.now() - listing, 'ms', 1_000);
  if (Number(stdout) !== count) throw new Error(`ls shows ${stdout.trim()} of ${count} agents`);
  const measured = JSON.parse((await run('python3', ['-c', client, mount, String(count)])).stdout) as Measured;
  add('the first cat of a status', measured.first, 'ms', 10);
  add('cat of a status, p50', measured.status[0], 'ms', 10);
  add('cat of a status, p99', measured.status[1], 'ms');
  add('woken and answered, p50', measured.ask[0], 'ms', 50);
  add('woken and answered, p99', measured.ask[1], 'ms');
  add('cat index', measured.index, 'ms');
  add('resident memory with 600 of them loaded', await resident(server.pid!), 'MB');
  await stop(server);
  await rm(state, { recursive: true });
};

/** Many agents that sleep, in one server: BENCH_AGENTS of them, 100,000 as a rule. */
export const scale = async (report: Report, folder: string): Promise<void> => {
  await run(process.execPath, [join(root, 'bin', 'build.mjs'), '--if-stale']);
  for (const count of (process.env['BENCH_AGENTS'] ?? String(AIMED)).split(',')) {
    await figures(report, folder, Number(count));
  }
};
