import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { connect } from '../../src/9p/client.ts';
import { listen } from '../../src/9p/listen.ts';
import { linux } from '../../src/fuse/linux.ts';
import { Changes } from '../../src/kernel/changes.ts';
import { Namespace } from '../../src/kernel/namespace.ts';
import type { Attributes, Dir, Entry, Node } from '../../src/kernel/node.ts';
import { Request } from '../../src/kernel/request.ts';
import { Session } from '../../src/kernel/session.ts';
import { operator } from '../../src/kernel/subject.ts';
import { MemoryDir } from './nodes.ts';

/** A directory whose entries the kernel may keep, told of every change, and which takes its time to look one up. */
class SlowDir implements Dir {
  readonly kind = 'dir';
  readonly cached = true;
  readonly #inner = new MemoryDir();
  readonly qid = this.#inner.qid;
  readonly mode = this.#inner.mode;
  readonly #changes: Changes;
  readonly #delay: number;

  constructor(changes: Changes, delay: number) {
    this.#changes = changes;
    this.#delay = delay;
  }

  stat(): Attributes {
    return this.#inner.stat();
  }

  async lookup(name: string): Promise<Node | undefined> {
    await after(this.#delay);
    return this.#inner.lookup(name);
  }

  list(): Iterable<Entry> {
    return this.#inner.list();
  }

  mkdir(name: string): Dir {
    const made = this.#inner.mkdir(name);
    this.#changes.entry(this.qid, name);
    return made;
  }

  remove(name: string, directory: boolean): void {
    const gone = this.#inner.children.get(name)?.qid;
    this.#inner.remove(name, directory);
    this.#changes.entry(this.qid, name, gone);
  }
}

/**
 * Stands in the mounted directory and looks its names up until it is told to end; says how often. Where the mount dies, or
 * nobody tells it in ten minutes, it ends too.
 */
const looker = `
cd "$1"; count=0
trap 'echo $count; exit 0' TERM
while [ -d . ] && [ $SECONDS -lt 600 ]; do
  for n in 0 1 2 3 4 5 6 7 8 9; do [ -e d/$n ]; [ -d d/$n/none ]; done; ls d > /dev/null 2>&1; count=$((count+1))
done`;

/**
 * `rounds` of mkdir and rmdir over 9P, ten names at a time, in a directory that processes look into through FUSE meanwhile,
 * behind a lookup that takes `delay` ms. Returns how often they looked; rejects where a round takes more than 20 s.
 */
export const contend = async (rounds: number, delay: number, progress: (done: number) => void): Promise<number> => {
  const base = await mkdtemp(join(tmpdir(), 'weft-contend-'));
  const dir = await mkdtemp(join(base, 'mount-'));
  const changes = new Changes();
  const root = new MemoryDir({ d: new SlowDir(changes, delay) });
  const namespace = new Namespace(() => root, changes);
  await namespace.bind('#root', '/', {}, new Request(operator));
  const session = (): Session => new Session({ namespace, changes, subject: operator, maxFids: Infinity });
  const failures: unknown[] = [];
  const listener = await listen(
    { kind: 'unix', path: join(base, 'socket') },
    { attach: session, unexpected: (cause) => failures.push(cause) },
  );
  const mounted = await linux.mount({
    dir,
    source: 'weft-contend',
    session: session(),
    changes,
    log: (text, cause) => failures.push(new Error(text, { cause })),
  });
  const lookers = [0, 1, 2].map(() =>
    spawn('bash', ['-c', looker, 'bash', dir], { cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const looks = lookers.map(async ({ stdout }) => {
    let text = '';
    stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await once(stdout, 'close');
    return Number(text);
  });
  try {
    const client = await connect(listener.address);
    for (let done = 0; done < rounds; done += 10) {
      const names = Array.from({ length: Math.min(10, rounds - done) }, (_, n) => n);
      const round = async (): Promise<true> => {
        await Promise.all(names.map((n) => client.mkdir(`d/${n}`)));
        await Promise.all(names.map((n) => client.remove(`d/${n}`)));
        return true;
      };
      if (!(await Promise.race([round(), after(20_000, false, { ref: false })]))) {
        throw new Error(`round ${done} did not end: a deadlock`);
      }
      progress(done + names.length);
    }
    await client.close();
    for (const child of lookers) child.kill('SIGTERM');
    const counts = await Promise.race([Promise.all(looks), after(20_000, undefined, { ref: false })]);
    if (!counts) throw new Error('who looks did not end: a deadlock');
    if (failures.length > 0) throw new Error('something failed', { cause: failures[0] });
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    for (const child of lookers) child.kill('SIGKILL');
    await mounted.unmount();
    await listener.close();
    await rmdir(dir);
    await rm(base, { recursive: true, force: true });
  }
};
