import { readFile } from 'node:fs/promises';
import type { RemoteFile } from '../9p/client.ts';
import { verify, type Chain, type Head } from '../agent/verify.ts';
import { Errno } from '../kernel/errno.ts';
import { O_RDONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { each } from './each.ts';
import { print } from './output.ts';
import { Progress } from './progress.ts';
import { at, withServer, type Remote } from './remote.ts';

/** A text is shown for so long as it was looked at once, in milliseconds. */
const STALE = 1_100;

/** A trajectory that can be read, wherever it lies. */
export interface Kept {
  /** As an error shows it. */
  readonly path: string;
  readonly chain: Chain;
  readonly size: number;
  readonly pieces: AsyncIterable<Uint8Array>;
  /** What the chain hangs between by now. */
  readonly again?: () => Promise<Chain>;
}

/** The trajectories of the agents that are asked for, of all without a word. Exit 1 where one does not hold. */
export const run: Run = async ([agent], flags) => {
  const known = flags.heads === undefined ? new Map<string, Head[]>() : await headsOf(flags.heads);
  const check = checker(known);
  if (flags.state !== undefined) {
    const { withStore } = await import('./verify-store.ts');
    return withStore(flags.state, agent, (names, signal, open) =>
      each(names, signal, (name) => open(name, (kept) => check(name, names.length, kept))),
    );
  }
  return withServer(flags, async (remote) => {
    const names = agent === undefined ? await agentsOf(remote) : [agent];
    return each(names, remote.signal, (name) =>
      served(remote, name, agent === undefined, (kept) => check(name, names.length, kept)),
    );
  });
};

/** Checks one after the other and says so. EBADMSG, naming the first record that does not hold. */
const checker = (known: ReadonlyMap<string, readonly Head[]>) => {
  const progress = new Progress();
  let done = 0;
  return async (name: string, total: number, kept: Kept): Promise<void> => {
    const { chain, path, size, again } = kept;
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      let read = 0;
      for await (const piece of kept.pieces) {
        read += piece.length;
        const part = size === 0 ? 100 : Math.floor((read / size) * 100);
        progress.show(() => `verify: ${name} ${part} %, ${done} of ${total} done`);
        yield piece;
      }
    };
    const heads = { known: known.get(name) ?? [], ...(again ? { again } : {}) };
    const { altered, records } = await verify(watched(), { chain, ...heads });
    done++;
    progress.clear();
    if (altered) {
      const { seq, offset, reason } = altered;
      throw new Errno('EBADMSG', `record ${seq} at byte ${offset}: ${reason}`, { path });
    }
    const { anchor, head } = chain;
    await print(`ok ${name}: ${records} records from ${anchor.seq + 1}, head ${head.seq} ${head.hash}\n`);
  };
};

/** What an earlier run printed. */
const headsOf = async (path: string): Promise<Map<string, Head[]>> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw at(path, error);
  }
  const heads = new Map<string, Head[]>();
  for (const line of text.split('\n')) {
    const [, name, seq, hash] = /^ok (\S+): .*, head (\d{1,15}) ([0-9a-f]{64})$/.exec(line) ?? [];
    if (name !== undefined) heads.set(name, [...(heads.get(name) ?? []), { seq: Number(seq), hash: hash! }]);
  }
  if (heads.size === 0) throw new Errno('EINVAL', 'no line of it is one that verify prints', { path });
  return heads;
};

const agentsOf = async ({ client, signal }: Remote): Promise<string[]> => {
  try {
    return (await client.list('agents', signal)).map(({ name }) => name);
  } catch (error) {
    throw at('agents', error);
  }
};

/** Opened first: from then on nothing that is read is moved. Of all agents, one that was archived meanwhile is left out. */
const served = async (
  remote: Remote,
  name: string,
  all: boolean,
  use: (kept: Kept) => Promise<void>,
): Promise<void> => {
  const logs = `agents/${name}/logs`;
  const path = `${logs}/trajectory`;
  const chainOf = async (): Promise<Chain> => chainIn(await remote.text(`${logs}/chain`), `${logs}/chain`);
  try {
    await remote.file(path, O_RDONLY, async (file) => {
      const chain = await chainOf();
      const { size } = await file.stat(remote.signal);
      const again = async (): Promise<Chain> => {
        await new Promise((resolve) => setTimeout(resolve, STALE));
        return chainOf();
      };
      await use({ path, chain, size, pieces: upTo(remote, file, size), again });
    });
  } catch (error) {
    const gone = error instanceof Errno && (error.code === 'ENOENT' || error.code === 'ESTALE');
    if (!(gone && all && !remote.signal.aborted)) throw error;
  }
};

/** What was there when the reading began: an agent may write faster than it is read. */
async function* upTo(remote: Remote, file: RemoteFile, size: number): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const piece of remote.pieces(file)) {
    yield piece.subarray(0, size - read);
    read += piece.length;
    if (read >= size) return;
  }
}

const chainIn = (text: string, path: string): Chain => {
  const head = (name: string): Head => {
    const [, seq, hash] = new RegExp(`^${name} (\\d+) ([0-9a-f]{64})$`, 'm').exec(text) ?? [];
    if (hash === undefined) throw new Errno('EBADMSG', `no ${name} is in it`, { path });
    return { seq: Number(seq), hash };
  };
  return { anchor: head('anchor'), head: head('head') };
};
