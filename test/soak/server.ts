import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { must, type Ends } from '../support/report.ts';
import { served, type ServeOptions, type Served } from '../support/served.ts';

export interface Holding {
  readonly descriptors: number;
  readonly threads: number;
  /** Bytes that are reachable. */
  readonly heap: number;
  /** Bytes of the process. */
  readonly resident: number;
}

/** A server that says what it holds when it is asked. */
export const measured = async (
  ends: Pick<Ends, 'teardown'>,
  options: ServeOptions = {},
): Promise<{ tree: Served; measure: () => Promise<Holding> }> => {
  const measurer = pathToFileURL(join(import.meta.dirname, 'measure.mjs')).href;
  const node = ['--expose-gc', `--import=${measurer}`];
  const tree = await served(ends, { tcp: true, ...options, node });
  let asked = 0;
  const measure = async (): Promise<Holding> => {
    // Nodes that nobody uses are kept by the kernel until it needs the room; root can tell it to forget them.
    if (process.getuid?.() === 0) writeFileSync('/proc/sys/vm/drop_caches', '2');
    asked++;
    process.kill(tree.pid, 'SIGUSR2');
    const said = await tree.program.says(new RegExp(`(measured [^\n]*\n[^]*){${asked}}`));
    const { heapUsed, external } = JSON.parse(said.split('measured ').at(-1)!) as NodeJS.MemoryUsage;
    const { descriptors, threads, memory } = tree.holds();
    return { descriptors, threads, heap: heapUsed + external, resident: memory };
  };
  return { tree, measure };
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Seconds: what was closed last is being given back while the first measure is taken. */
const SETTLES = 10;

/** Back within 5 % of what it was. Of the whole process twice that is allowed: the allocator gives back when it likes. */
export const mustBeBack = async (before: Holding, measure: () => Promise<Holding>): Promise<string> => {
  for (let second = 0; ; second++) {
    const now = await measure();
    const back =
      now.descriptors <= before.descriptors * 1.05 &&
      now.heap <= before.heap * 1.05 &&
      now.resident <= before.resident * 1.1;
    const said =
      `descriptors ${before.descriptors} -> ${now.descriptors}, heap ${megabytes(before.heap)} -> ${megabytes(now.heap)}, ` +
      `resident ${megabytes(before.resident)} -> ${megabytes(now.resident)}, threads ${now.threads}, after ${second} s`;
    if (back) return said;
    must(second < SETTLES, said);
    await after(1000);
  }
};
