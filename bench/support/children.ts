import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { bundle } from './programs.ts';

const children = new Set<ChildProcess>();

/** Counts a child among those that `stopAll` ends. */
export const known = (child: ChildProcess): ChildProcess => {
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
};

/** Ends a child and waits for it; killed where it does not end within two seconds. */
export const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 2000);
  await gone;
  clearTimeout(late);
};

export const stopAll = async (): Promise<void> => {
  await Promise.all([...children].map(stop));
};

/** A server of this folder in a process of its own, ready; `said` is its first message. */
export const serve = async (
  source: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; said: unknown }> => {
  const child = known(
    fork(await bundle(source), args, {
      execArgv: process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [],
      env: { ...process.env, UV_THREADPOOL_SIZE: '16', ...env },
    }),
  );
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${source} ended with ${String(code)}`);
  });
  const [said] = (await Promise.race([once(child, 'message'), failed])) as unknown[];
  failed.catch(() => undefined);
  return { child, said };
};

/** One question to a server started with `serve`. */
export const ask = async <T>(child: ChildProcess): Promise<T> => {
  const answer = once(child, 'message');
  child.send('?');
  return ((await answer) as [T])[0];
};

/** A program that prints `ready`. */
export const start = async (command: string, args: readonly string[]): Promise<ChildProcess> => {
  const child = known(spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  const failed = once(child, 'exit').then(() => {
    throw new Error(`${command} ended`);
  });
  await Promise.race([once(child.stdout!, 'data'), failed]);
  failed.catch(() => undefined);
  return child;
};

/** Nanoseconds of one operation: the mean, and where each was timed, median and 99th percentile. */
export interface Timing {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

/** A load generator: one line in, one line out. */
export class Client {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[] = []) {
    this.child = known(spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = (await this.#lines.next()) as { value: string; done?: boolean };
    if (done) throw new Error('the load generator ended');
    return value;
  }

  async measure(request: string): Promise<Timing> {
    this.child.stdin!.write(`${request}\n`);
    const line = await this.line();
    const [mean, p50, p99] = line.split(' ').map(Number);
    if (!Number.isFinite(mean)) throw new Error(`${request}: ${line}`);
    return { mean: mean!, p50: p50!, p99: p99! };
  }
}
