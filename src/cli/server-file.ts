import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Errno } from '../kernel/errno.ts';
import type { State } from './state.ts';

/** `server.json`: who serves a state directory, and where it can be reached. */
export interface Server {
  readonly pid: number;
  /** When the process was started, in the kernel's ticks since boot: a number that a later process with its pid has not. */
  readonly started: number;
  readonly version: string;
  readonly mount?: string;
  readonly addresses: readonly string[];
}

/** Field 22 of proc_pid_stat(5); the name of the program, in parentheses before it, may hold anything. 0 without /proc. */
const startOf = (pid: number): number => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // Killed and not yet reaped by its parent: it serves nobody any more.
    return state === 'Z' || state === 'X' ? 0 : Number(rest[18]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
};

const alive = ({ pid, started }: Server): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // Without /proc there is no start to compare; with it, 0 is nobody.
  return startOf(pid) === started && (started !== 0 || !existsSync('/proc/self'));
};

const isServer = (value: unknown): value is Server => {
  const { pid, started, addresses } = (value ?? {}) as Partial<Server>;
  return Number.isSafeInteger(pid) && pid! > 0 && typeof started === 'number' && Array.isArray(addresses);
};

/** The server that runs on this state directory now; undefined where none does. */
export const runningServer = (state: State): Server | undefined => {
  let text: string;
  try {
    text = readFileSync(state.server, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw Errno.ofSystem(error);
  }
  try {
    const server: unknown = JSON.parse(text);
    return isServer(server) && alive(server) ? server : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // somebody wrote there; no server of ours does half a file
    throw error;
  }
};

/** Written beside and renamed, so that a reader sees a whole one. */
export const writeServer = (state: State, server: Omit<Server, 'pid' | 'started'>): void => {
  const whole: Server = { pid: process.pid, started: startOf(process.pid), ...server };
  const next = `${state.server}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, state.server);
};

/** Removes our own; another's stays. */
export const removeServer = (state: State): void => {
  if (runningServer(state)?.pid === process.pid) rmSync(state.server);
};
