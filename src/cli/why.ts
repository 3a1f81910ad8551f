import { Errno } from '../kernel/errno.ts';
import { O_RDONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import type { Remote } from './remote.ts';
import { withServer } from './remote.ts';

/** Bytes at the end of `log` that are looked through for the agent something happened to. */
const WINDOW = 1024 * 1024;

/** errno carries no reason; the lines of `error` do, in the root and in each agent. This prints the newest and its file. */
export const run: Run = (_words, flags) =>
  withServer(flags, async (remote) => {
    const agent = await lastToFail(remote);
    const candidates = [];
    for (const path of ['error', ...(agent === undefined ? [] : [`agents/${agent}/error`])]) {
      const line = await lastLine(remote, path);
      if (line !== '') candidates.push({ path, line });
    }
    // Each line begins with its time, in a form that sorts.
    const newest = candidates.toSorted((a, b) => (a.line < b.line ? 1 : -1))[0];
    await print(newest ? `${newest.path}: ${newest.line}\n` : 'nothing was refused and nothing failed\n');
    return 0;
  });

const lastLine = async (remote: Remote, path: string): Promise<string> => {
  try {
    return (await remote.text(path)).trimEnd().split('\n').at(-1)!;
  } catch (error) {
    if (error instanceof Errno && error.code === 'ENOENT' && path !== 'error') return ''; // archived meanwhile
    throw error;
  }
};

/** The agent of the newest record of an error; there may be too many agents to ask each. An agent's own view has no `log`. */
const lastToFail = async (remote: Remote): Promise<string | undefined> => {
  try {
    return await remote.file('log', O_RDONLY, async (file) => {
      const { size } = await file.stat(remote.signal);
      const parts: Uint8Array[] = [];
      for await (const piece of remote.pieces(file, Math.max(0, size - WINDOW))) parts.push(piece);
      const lines = Buffer.concat(parts).toString().split('\n');
      const found = lines.findLast(
        (line) => line.startsWith('{') && line.includes('"type":"error"') && line.endsWith('}'),
      );
      const { agent } = JSON.parse(found ?? '{}') as { agent?: string };
      return agent;
    });
  } catch (error) {
    if (error instanceof Errno && error.code === 'ENOENT') return undefined;
    throw error;
  }
};
