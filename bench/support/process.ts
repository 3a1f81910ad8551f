import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import type { Row } from './report.ts';

/** Clock ticks of processor time a process has used (proc(5): utime and stime). */
const ticks = async ({ pid }: ChildProcess): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

/** sysconf(3) _SC_CLK_TCK is 100 on every Linux that Node runs on. */
const HZ = 100;

export const threads = async ({ pid }: ChildProcess): Promise<number> =>
  Number(/^Threads:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]);

/** Resolves when a process has used next to nothing for a second: what it does beside being asked is done. */
export const settled = async (child: ChildProcess): Promise<void> => {
  for (let before = await ticks(child); ;) {
    await after(1_000);
    const now = await ticks(child);
    if (now - before < HZ / 50) return;
    before = now;
  }
};

const IDLE = 3000;

/** Watches a process that should have nothing to do. */
export const idleRow = async (child: ChildProcess, name: string): Promise<Row> => {
  await after(1000);
  const before = await ticks(child);
  await after(IDLE);
  const used = (await ticks(child)) - before;
  const percent = (used / HZ / (IDLE / 1000)) * 100;
  return {
    name: `processor used in ${IDLE / 1000} s, ${name}`,
    ours: `${percent.toFixed(1)} %`,
    target: '0 %',
    met: Math.round(percent) === 0,
  };
};
