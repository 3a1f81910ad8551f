import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agents } from './agents.ts';
import { files } from './files.ts';
import { ninep } from './ninep.ts';
import { quiet } from './quiet.ts';
import { scale } from './scale.ts';
import { ticks } from './ticks.ts';
import { stopAll } from './support/children.ts';
import { Missing } from './support/programs.ts';
import { Report } from './support/report.ts';

/**
 * Every benchmark, or those named as arguments (files, ninep, quiet, agents, ticks, scale). Each ratio is against a peer that runs in turns
 * with ours, so that the table means the same on a fast machine and on a busy one. Ends with 0 if it ran, whatever the
 * figures say. BENCH_ROUNDS is the number of turns.
 */
const all = { files, ninep, quiet, agents, ticks, scale };
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 31);
const chosen = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
const reports: Report[] = [];
try {
  for (const [name, run] of Object.entries(all)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const report = new Report(name);
    reports.push(report);
    try {
      await run(report, folder, rounds);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      report.note(`not run: ${error.message}`);
    }
    console.log(`${report.toString()}\n`);
  }
  const missed = reports.flatMap((report) => report.missed);
  console.log(missed.length === 0 ? 'every target is met' : `missed: ${missed.map(({ name }) => name).join('; ')}`);
} finally {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
}
