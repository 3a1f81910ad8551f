import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { describe } from './failure.ts';
import { print } from './output.ts';

/** Set for the child only: the descriptor on which it tells its parent that it is ready, or why it will never be. */
const READY_FD = 3;

const takeDescriptor = (): number | undefined => {
  const value = process.env['WEFT_READY_FD'];
  // Not passed on: neither a tool nor an agent's program shall find it.
  delete process.env['WEFT_READY_FD'];
  return value === undefined ? undefined : Number(value);
};

/** The child's own word; the parent shows it where the user sees it. */
export interface Announce {
  ready(line: string): Promise<void>;
}

/**
 * Runs `serve`, which knows absolute paths only, in this process, or, where `detach` is asked for, in a session of its own whose standard output and
 * error go to the file `output`; this process then ends as soon as the child is ready, or with the child's error.
 */
export const maybeDetached = async (
  detach: boolean,
  output: string,
  serve: (announce: Announce) => Promise<number>,
): Promise<number> => {
  const descriptor = takeDescriptor();
  if (descriptor === undefined) return detach ? launch(output) : serve({ ready: (line) => print(`${line}\n`) });
  process.chdir('/'); // it must not keep a directory busy that it does not need
  let told = false;
  const tell = (line: string): void => {
    if (told) return;
    told = true;
    writeSync(descriptor, `${line}\n`);
    closeSync(descriptor);
  };
  try {
    return await serve({ ready: async (line) => tell(line) });
  } catch (error) {
    tell(describe(error));
    throw error;
  }
};

/** The same command line once more. The parent shows what the child says first and ends; the child goes on. */
const launch = async (output: string): Promise<number> => {
  const log = openSync(output, 'a', 0o600);
  const [program, ...args] = process.argv;
  const child = spawn(program!, [...process.execArgv, ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
    env: { ...process.env, WEFT_READY_FD: String(READY_FD) },
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`weft: the program cannot be started: ${error.message}\n`));
    child.on('exit', (code, signal) =>
      resolve(`weft: it ended with ${signal ?? `exit code ${String(code)}`} before it was ready; see ${output}\n`),
    );
  });
  const said = (async () => {
    let text = '';
    for await (const chunk of child.stdio[READY_FD] as unknown as AsyncIterable<Buffer>) text += chunk.toString();
    return text;
  })();
  const line = (await said) || (await ended);
  child.unref();
  if (!line.startsWith('weft: ready') && !line.startsWith('weft: mounted')) {
    process.stderr.write(line);
    return 1;
  }
  await print(line);
  return 0;
};
