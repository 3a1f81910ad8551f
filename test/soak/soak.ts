import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/9p/client.ts';
import { Random } from '../faults/random.ts';
import { storm } from '../faults/storm.ts';
import { contend } from '../support/contention.ts';
import { built } from '../support/program.ts';
import { Ends, must, Report } from '../support/report.ts';
import { measured, mustBeBack, type Holding } from './server.ts';

/**
 * What takes long: many connections, opens, readers and crashes. Arguments name parts (none: all); `--scale 0.01` does a
 * hundredth of everything.
 */
const scaleAt = process.argv.indexOf('--scale');
const scale = scaleAt < 0 ? 1 : Number(process.argv[scaleAt + 1]);
const named = process.argv
  .slice(2)
  .filter((_, index) => scaleAt < 0 || (index !== scaleAt - 2 && index !== scaleAt - 1));
const times = (count: number): number => Math.max(10, Math.round(count * scale));

const progress = (what: string, of: number): ((done: number) => void) => {
  let said = 0;
  return (done) => {
    if (done - said < of / 10) return;
    said = done;
    console.log(`# ${what}: ${done} of ${of}`);
  };
};

/** As many workers as help, each until the count is used up. */
const share = async (
  count: number,
  workers: number,
  what: string,
  work: (n: number) => Promise<void>,
): Promise<void> => {
  let next = 0;
  const tell = progress(what, count);
  const worker = async (): Promise<void> => {
    while (next < count) {
      next++;
      await work(next);
      tell(next);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
};

/** Fewer warm no server: what is compiled, loaded and kept once would be taken for a leak. */
const WARM = 5_000;

/** A tenth first, so that what is loaded and kept once is there; then the rest must leave nothing. */
const leavesNothing = async (
  count: number,
  measure: () => Promise<Holding>,
  run: (count: number) => Promise<void>,
): Promise<string> => {
  await run(Math.max(WARM, Math.ceil(count / 10)));
  const before = await measure();
  await run(count - Math.ceil(count / 10));
  return mustBeBack(before, measure);
};

const connections = async (ends: Ends): Promise<string> => {
  const { tree, measure } = await measured(ends);
  await tree.sh('mkdir agents/bob');
  const address = { kind: 'unix', path: join(tree.state, '9p.sock') } as const;
  return leavesNothing(times(100_000), measure, (count) =>
    share(count, 16, 'connections', async (n) => {
      const client = await connect(address, { patience: 0 });
      // Left in different states: fids open, a read that waits, nothing at all.
      if (n % 3 > 0) {
        const file = await client.open(n % 3 === 1 ? 'README' : 'agents/bob/live/trace');
        if (n % 3 === 1) await file.read(0, 100);
        else file.read(0, 100).catch(() => undefined);
      }
      await client.close();
    }),
  );
};

const opener = `
import os, sys
os.chdir(sys.argv[1] + '/agents/bob'); count = int(sys.argv[2]); own = sys.argv[3]
reads = ['../../README', 'status', 'ctl', 'logs/trace', 'memory/notes/n', 'inbox/new', 'live/trace', 'work/f', 'ask', 'help']
for n in range(count):
    if n % 50 == 0:
        fd = os.open(f'memory/notes/.{own}{n}.swp', os.O_RDWR | os.O_CREAT); os.write(fd, b'x'); os.close(fd)
        os.unlink(f'memory/notes/.{own}{n}.swp')
    elif n % 50 == 1:
        fd = os.open(f'work/{own}{n}', os.O_RDWR | os.O_CREAT); os.close(fd); os.unlink(f'work/{own}{n}')
    else: os.close(os.open(reads[n % len(reads)], os.O_RDONLY))
    if n % 10000 == 0: print(n, flush=True)
`;

const opens = async (ends: Ends): Promise<string> => {
  const { tree, measure } = await measured(ends);
  await tree.sh('mkdir agents/bob; echo note > agents/bob/memory/notes/n; echo text > agents/bob/work/f');
  const workers = availableParallelism();
  return leavesNothing(times(1_000_000), measure, async (count) => {
    const tell = progress('opens', count);
    let done = 0;
    const work = async (worker: number): Promise<void> => {
      const client = tree.start('python3', '-c', opener, tree.mount, String(Math.ceil(count / workers)), `w${worker}-`);
      client.child.stdout!.on('data', (text: string) => tell((done += 10_000 * (text.split('\n').length - 1))));
      const { code, err } = await client.done;
      must(code === 0, err);
    };
    await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  });
};

const blocker = `
import os, sys, threading
threading.stack_size(65536)
path = sys.argv[1] + '/agents/bob/live/trace'; count = int(sys.argv[2])
got = []
def read():
    fd = os.open(path, os.O_RDONLY)
    opened.release()
    got.append(len(os.read(fd, 100)))
    os.close(fd)
opened = threading.Semaphore(0)
threads = [threading.Thread(target=read) for _ in range(count)]
for t in threads: t.start()
for t in threads: opened.acquire()
print('opened', flush=True)
for t in threads: t.join()
assert len(got) == count and min(got) > 0
print('woken', flush=True)
`;

const readers = async (ends: Ends): Promise<string> => {
  const { tree, measure } = await measured(ends);
  await tree.sh('mkdir agents/bob');
  const count = times(10_000);
  const run = async (): Promise<number> => {
    const clients = Array.from({ length: 10 }, () =>
      tree.start('python3', '-c', blocker, tree.mount, String(Math.ceil(count / 10))),
    );
    await Promise.all(clients.map((client) => client.says('opened')));
    const { threads } = tree.holds();
    const begun = performance.now();
    const stat = await tree.sh('cat agents/bob/status > /dev/null && ls agents > /dev/null');
    must(stat.code === 0, stat.err);
    const took = performance.now() - begun;
    must(took < 1000, `a cat and an ls among them took ${took.toFixed(0)} ms`);
    const tick = await tree.sh('echo tick > agents/bob/ctl');
    must(tick.code === 0, tick.err);
    for (const { code, err } of await Promise.all(clients.map((client) => client.done))) must(code === 0, err);
    return threads;
  };
  const threads = await run();
  must(threads < 32, `${threads} threads`);
  const before = await measure();
  await run();
  return `${count} readers, ${threads} threads; then ${await mustBeBack(before, measure)}`;
};

/** Streams that are open and never read, over as many connections as there may be: each is behind by all it may be. */
const streams = async (ends: Ends): Promise<string> => {
  const { tree, measure } = await measured(ends);
  await tree.sh('mkdir agents/bob');
  const address = { kind: 'unix', path: join(tree.state, '9p.sock') } as const;
  const connections = times(200);
  const run = async (): Promise<Holding> => {
    const clients = [];
    for (let n = 0; n < connections; n++) {
      const client = await connect(address, { patience: 0 });
      clients.push(client);
      for (let open = 0; open < 60; open++) await client.open('live/events');
    }
    const before = await measure();
    // Each message is several records of the log; a reader is kept 1,000.
    const told = await tree.python(
      `for n in range(400):\n    with open('agents/bob/inbox/new', 'w') as f: f.write('hello')\nopen('agents/bob/wait').read()`,
    );
    must(told.code === 0, told.err);
    const after = await measure();
    must(
      after.heap < before.heap + 32e6,
      `what nobody reads costs ${((after.heap - before.heap) / 1e6).toFixed(0)} MB`,
    );
    for (const client of clients) await client.close();
    return after;
  };
  // Thrice: an agent remembers its last thousand answers, and what it was sent in the last minute.
  for (let round = 0; round < 3; round++) await run();
  const before = await measure();
  const { heap } = await run();
  const back = await mustBeBack(before, measure);
  return `${connections * 60} streams, ${(heap / 1e6).toFixed(1)} MB with all of them behind; then ${back}`;
};

/** The engine's own harness, which kills a server at random moments and looks for what it acknowledged. */
const kills = async (): Promise<string> => {
  const rounds = times(200);
  const ava = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'ava');
  const child = spawn(ava, ['--timeout=30m', 'test/faults/kill.test.ts'], {
    cwd: join(import.meta.dirname, '..', '..'),
    env: { ...process.env, WEFT_KILL_ROUNDS: String(rounds) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number];
  must(code === 0, `ava ended with ${code}`);
  return `${rounds} rounds`;
};

/** Clients over 9P and through a mount of a server that is killed; WEFT_SEED draws the same again. */
const storms = (): Promise<string> => {
  const random = new Random();
  const rounds = times(200);
  console.log(`# storm: WEFT_SEED=${random.seed}`);
  return storm(rounds, random, progress('kills', rounds));
};

const contention = async (): Promise<string> => {
  const rounds = times(1000);
  const looks = await contend(rounds, 50, progress('mkdir and rmdir', rounds));
  return `${rounds} rounds, ${looks} walks through the directory meanwhile`;
};

const parts: Readonly<Record<string, (ends: Ends) => Promise<string>>> = {
  connections,
  opens,
  readers,
  streams,
  kills,
  storm: storms,
  contention,
};

const report = new Report();
await built();
for (const [name, run] of Object.entries(parts)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const ends = new Ends();
  await report.check(name, async () => {
    try {
      return await run(ends);
    } finally {
      await ends.run();
    }
  });
}
process.exitCode = report.close();
