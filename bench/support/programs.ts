import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('..', import.meta.url));

/** A peer or tool that this machine does not have; says how to get it. */
export class Missing extends Error {}

/** The first of the places where a Debian package puts a program. */
export const program = (name: string, debian: string): string => {
  const found = ['/usr/sbin', '/usr/bin', '/usr/local/bin'].map((at) => join(at, name)).find((at) => existsSync(at));
  if (found === undefined) throw new Missing(`no ${name} here: apt-get install ${debian}`);
  return found;
};

/** Compiles one C file of this folder into `to` and returns the program's path. */
export const compile = async (source: string, to: string, libraries: readonly string[] = []): Promise<string> => {
  const compiler = program('gcc', 'gcc libc6-dev');
  const output = join(to, source.replace(/\W/g, '-'));
  let flags: string[] = [];
  if (libraries.length > 0) {
    const config = program('pkg-config', 'pkg-config');
    try {
      flags = (await run(config, ['--cflags', '--libs', ...libraries])).stdout.trim().split(/\s+/);
    } catch {
      throw new Missing(
        `no ${libraries.join(', ')} here: apt-get install ${libraries.map((name) => `lib${name}-dev`).join(' ')}`,
      );
    }
  }
  await run(compiler, ['-O2', '-pthread', '-o', output, join(folder, source), ...flags]);
  return output;
};

/**
 * A server of this folder as the program is shipped: one file without types. tsx would add to every closure the call that
 * keeps its name, and with that a few microseconds to every request.
 */
export const bundle = async (source: string): Promise<string> => {
  const root = join(folder, '..');
  const outfile = join(root, 'dist', 'bench', source.replace(/\.ts$/, '.mjs').replaceAll('/', '-'));
  await build({
    absWorkingDir: root,
    entryPoints: [join(folder, source)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    logLevel: 'warning',
  });
  return outfile;
};
