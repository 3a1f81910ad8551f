import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { serve, stop } from './support/children.ts';
import type { Report } from './support/report.ts';

/** What `ours/ticks.ts` tells. Times in milliseconds. */
export interface Ticks {
  /** Ticks a second, each of them a message taken in and answered, both on disk. */
  readonly rate: number;
  /** Processors that were busy with it, the client's part included. */
  readonly processors: number;
  /** From handing in a message at rest to the beginning of its tick, and to its answer. */
  readonly start: Quantiles;
  readonly answer: Quantiles;
  /** Bytes. */
  readonly resident: number;
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

const CLIENTS = 100;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 10);

const pair = ({ p50, p99 }: Quantiles): string => `${p50.toFixed(2)} / ${p99.toFixed(2)} ms`;

/** Durable ticks on the offline model, from one agent to ten thousand. They have targets for 100 agents on 2 processors. */
export const ticks = async (report: Report, folder: string): Promise<void> => {
  for (const count of [1, 10, 100, 1_000, 10_000]) {
    const directory = join(folder, `ticks-${count}`);
    const { child, said } = await serve('ours/ticks.ts', [directory, count, CLIENTS, SECONDS].map(String));
    const { rate, processors, start, answer, resident } = said as Ticks;
    const aimed = count === 100;
    report.add({
      name: `ticks a second, ${count} agents`,
      ours: rate.toFixed(0),
      ...(aimed && { target: '>= 2000', met: rate >= 2000 }),
    });
    report.add({
      name: `message to the start of its tick, ${count} agents, p50 / p99`,
      ours: pair(start),
      ...(aimed && { target: 'p99 < 2 ms', met: start.p99 < 2 }),
    });
    report.add({ name: `message to its answer, ${count} agents, p50 / p99`, ours: pair(answer) });
    report.add({
      name: `processors busy, ticks a second of them, resident memory, ${count} agents`,
      ours: `${processors.toFixed(2)}, ${(rate / processors).toFixed(0)}, ${(resident / 1e6).toFixed(0)} MB`,
    });
    await stop(child);
    await rm(directory, { recursive: true });
  }
  report.note(
    `${CLIENTS} clients in the process of the engine, ${SECONDS} s each, ${availableParallelism()} processors`,
  );
};
