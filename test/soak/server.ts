import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { must, type Ends } from '../support/report.ts';
import { served, type Served } from '../support/served.ts';

export interface Holding {
  readonly descriptors: number;
  readonly threads: number;
  /** Bytes that are reachable. */
  readonly heap: number;
  /** Bytes of the process. */
  readonly resident: number;
}

/** A server that says what it holds when it is asked. */
export const measured = async (ends: Ends): Promise<{ tree: Served; measure: () => Promise<Holding> }> => {
  const measurer = pathToFileURL(join(import.meta.dirname, 'measure.ts')).href;
  const node = ['--expose-gc', `--import=${import.meta.resolve('tsx')}`, `--import=${measurer}`];
  const tree = await served(ends, { tcp: true, node });
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

/** Within 5 % of what it was. Of the process itself twice that is allowed: the allocator gives back when it likes. */
export const mustBeBack = (before: Holding, after: Holding): string => {
  const said =
    `descriptors ${before.descriptors} -> ${after.descriptors}, heap ${megabytes(before.heap)} -> ${megabytes(after.heap)}, ` +
    `resident ${megabytes(before.resident)} -> ${megabytes(after.resident)}, threads ${after.threads}`;
  must(after.descriptors <= before.descriptors * 1.05, said);
  must(after.heap <= before.heap * 1.05, said);
  must(after.resident <= before.resident * 1.1, said);
  return said;
};
