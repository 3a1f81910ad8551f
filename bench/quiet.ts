import type { ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ask, Client, serve, stop, type Timing } from './support/children.ts';
import { compare } from './support/compare.ts';
import { idleRow, threads } from './support/process.ts';
import { compile } from './support/programs.ts';
import { line, type Report } from './support/report.ts';

const waiting = async (server: ChildProcess, count: number): Promise<void> => {
  for (let tries = 0; (await ask<{ waiting: number }>(server)).waiting < count; tries++) {
    if (tries === 600) throw new Error(`${count} readers do not come to wait`);
    await after(50);
  }
};

/** What a mounted server costs that has nothing to do, and one that has many readers who wait, beside one that has none. */
export const quiet = async (report: Report, folder: string, rounds: number): Promise<void> => {
  const program = await compile('clients/files.c', folder);
  const client = new Client(program);
  const mounted = async (
    name: string,
  ): Promise<{ child: ChildProcess; mount: string; stat: () => Promise<Timing> }> => {
    const mount = join(folder, name);
    await mkdir(mount);
    const { child } = await serve('ours/files.ts', [mount]);
    return { child, mount, stat: () => client.measure(`stat 1000 ${join(mount, 'noop')}`) };
  };
  const alone = await mounted('alone');
  const crowded = await mounted('crowded');
  await crowded.stat();
  report.add(await idleRow(crowded.child, 'mounted and idle'));

  for (const [count, most] of [
    [200, 1.5],
    [10_000, undefined],
  ] as const) {
    const readers = new Client(program);
    await readers.measure(`block ${count} ${join(crowded.mount, 'silent')}`);
    await waiting(crowded.child, count);
    report.add(
      line(`stat beside ${count} blocked readers / alone`, await compare(alone.stat, crowded.stat, rounds), most),
    );
    const held = await threads(crowded.child);
    report.add({ name: `threads with ${count} blocked readers`, ours: `${held}`, target: '< 32', met: held < 32 });
    if (count === 200) report.add(await idleRow(crowded.child, '200 blocked readers'));
    await stop(readers.child);
    // The end of the readers interrupts their reads.
    for (let tries = 0; (await ask<{ waiting: number }>(crowded.child)).waiting > 0; tries++) {
      if (tries === 600) throw new Error('interrupted readers still wait');
      await after(50);
    }
  }
  await Promise.all([stop(alone.child), stop(crowded.child)]);
};
