import type { ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ask, Client, serve, stop } from './support/children.ts';
import { median } from './support/compare.ts';
import { idleRow, threads } from './support/process.ts';
import { compile } from './support/programs.ts';
import type { Report } from './support/report.ts';

const waiting = async (server: ChildProcess, count: number): Promise<void> => {
  for (let tries = 0; (await ask<{ waiting: number }>(server)).waiting < count; tries++) {
    if (tries === 600) throw new Error(`${count} readers do not come to wait`);
    await after(50);
  }
};

/** What a mounted server costs that has nothing to do, and one that has many readers who wait. */
export const quiet = async (report: Report, folder: string, rounds: number): Promise<void> => {
  const program = await compile('clients/files.c', folder);
  const mount = join(folder, 'quiet');
  await mkdir(mount);
  const { child } = await serve('ours/files.ts', [mount]);
  const client = new Client(program);
  const stat = () => client.measure(`stat 1000 ${join(mount, 'noop')}`);
  const idle = async (name: string): Promise<void> => {
    await stat();
    report.add(await idleRow(child, name));
  };
  await idle('mounted and idle');

  const alone: number[] = [];
  for (let round = 0; round < rounds; round++) alone.push((await stat()).p50);
  for (const [count, most] of [
    [200, 1.5],
    [10_000, undefined],
  ] as const) {
    const readers = new Client(program);
    await readers.measure(`block ${count} ${join(mount, 'silent')}`);
    await waiting(child, count);
    const crowded: number[] = [];
    for (let round = 0; round < rounds; round++) crowded.push((await stat()).p50);
    const ratio = median(crowded) / median(alone);
    report.add({
      name: `stat beside ${count} blocked readers / alone`,
      ours: `${(median(crowded) / 1000).toFixed(1)} us`,
      peer: `${(median(alone) / 1000).toFixed(1)} us`,
      ratio: ratio.toFixed(2),
      ...(most === undefined ? {} : { target: `<= ${most}`, met: ratio <= most }),
    });
    const held = await threads(child);
    report.add({ name: `threads with ${count} blocked readers`, ours: `${held}`, target: '< 32', met: held < 32 });
    if (count === 200) await idle('200 blocked readers');
    await stop(readers.child);
    // The end of the readers interrupts their reads.
    for (let tries = 0; (await ask<{ waiting: number }>(child)).waiting > 0; tries++) {
      if (tries === 600) throw new Error('interrupted readers still wait');
      await after(50);
    }
  }
  await stop(child);
};
