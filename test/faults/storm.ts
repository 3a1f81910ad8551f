import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { connect, type Client } from '../../src/9p/client.ts';
import { builtIn } from '../../src/agent/tools.ts';
import { begin, weft, type Started } from '../support/program.ts';
import { Ends, must } from '../support/report.ts';
import { runnable } from '../support/served.ts';
import { audit } from './audit.ts';
import { Ledger, mounted, read, writer } from './load.ts';
import { Random } from './random.ts';

/** Without FUSE and a program to write through it there is 9P only. */
const mounts = existsSync('/dev/fuse') && runnable('python3');
/** Can an agent write to another one? */
const tells = builtIn.some(({ name }) => name === 'tell');
const names = ['ada', 'bob', 'cyd', 'eve'];
/** After so many lives everything is looked through and a new directory begins: logs keep 16 MiB. */
const EPOCH = 20;

/**
 * A server is killed with SIGKILL in the middle of what many clients want from it over 9P and through a mount, and started
 * again on what is left. What was acknowledged must have happened once, whatever else must be whole. Throws with what is not so.
 */
export const storm = async (rounds: number, random: Random, progress: (done: number) => void): Promise<string> => {
  let told = 0;
  let acknowledged = 0;
  for (let done = 0; done < rounds; done += EPOCH) {
    const ledger = await epoch(Math.min(EPOCH, rounds - done), random.branch(), (life) => progress(done + life));
    told += ledger.orders.size;
    acknowledged += ledger.acknowledged;
  }
  return `${rounds} kills, ${told} messages sent, ${acknowledged} acknowledged, seed ${random.seed}`;
};

const epoch = async (lives: number, random: Random, progress: (done: number) => void): Promise<Ledger> => {
  const base = mkdtempSync(join(tmpdir(), 'weft-storm-'));
  const ends = new Ends();
  const place = { state: join(base, 'state'), mount: join(base, 'mount') };
  ends.teardown(async () => {
    // What a killed server leaves mounted keeps its directory.
    if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${place.mount} `))
      await weft(ends, ['umount', place.mount]);
    rmSync(base, { recursive: true, force: true });
  });
  const ledger = new Ledger();
  try {
    const first = await up(ends, place);
    const { client } = first;
    for (const name of names) await client.mkdir(`agents/${name}`);
    await down(first);
    for (let life = 0; life < lives; life++) {
      await live(ends, place, ledger, life, random.branch());
      progress(life + 1);
    }
    const last = await up(ends, place);
    await rest(last.client);
    await effects(last.client, ledger);
    await down(last);
    const verified = await weft(ends, ['verify', '--state', place.state]);
    must(verified.code === 0, `verify: ${verified.stdout}${verified.stderr}`);
    const faults = await audit(join(place.state, 'db'));
    must(faults.length === 0, faults.slice(0, 10).join('\n'));
    return ledger;
  } finally {
    await ends.run();
  }
};

interface Place {
  readonly state: string;
  readonly mount: string;
}

const program = (ends: Ends, { state, mount }: Place): Started =>
  begin(ends, ['up', '--state', state, ...(mounts ? ['--mount', mount] : ['--no-mount'])]);

const up = async (ends: Ends, place: Place): Promise<{ started: Started; client: Client }> => {
  const started = program(ends, place);
  await started.says(/ready/);
  return { started, client: await connect({ kind: 'unix', path: join(place.state, '9p.sock') }, { patience: 0 }) };
};

const down = async ({ started, client }: { started: Started; client: Client }): Promise<void> => {
  await client.close();
  started.child.kill('SIGTERM');
  const { code, stderr } = await started.ended;
  must(code === 0, `the server ended with ${String(code)}: ${stderr}`);
};

/** One life: killed after some acknowledgements, or a while after it was started, which may be before it is ready. */
const live = async (ends: Ends, place: Place, ledger: Ledger, life: number, random: Random): Promise<void> => {
  const started = program(ends, place);
  const kill = (): void => void started.child.kill('SIGKILL');
  if (random.below(5) === 0) {
    // In the middle of the start, of its recovery, or just after.
    await after(random.below(1_500));
    kill();
    must((await started.ended).signal === 'SIGKILL', 'the server ended by itself');
    return;
  }
  await started.says(/ready/);
  let left = 1 + random.below(200);
  const delay = random.below(10);
  ledger.heard = () => {
    if (--left === 0) setTimeout(kill, delay);
  };
  const socket = join(place.state, '9p.sock');
  const writers = names.flatMap((agent) =>
    ['x', 'y'].map((which) => {
      const others = names.filter((name) => name !== agent);
      return writer(socket, ledger, { agent, owner: `${agent}${which}`, life, random: random.branch(), others });
    }),
  );
  const through = ['m', 'n'].map((owner) => ({ owner, life, random: random.branch(), agents: names }));
  const all = [...writers, ...(mounts ? through.map((one) => mounted(place.mount, ledger, one)) : [])];
  const { signal, stderr } = await started.ended;
  must(signal === 'SIGKILL', `the server ended by itself: ${stderr}`);
  await Promise.all(all);
};

/** Until no agent has anything left, nor sends another one something. */
const rest = async (client: Client): Promise<void> => {
  for (let quiet = 0, looks = 0; quiet < 2; quiet++, looks++) {
    for (const name of names) {
      const said = await read(client, `agents/${name}/wait`);
      must(said === 'idle\n', `${name}: ${said}`);
      // What is due fires by itself, a moment later.
      const coming = await read(client, `agents/${name}/schedule/next`);
      if (coming.split('\n').every((line) => line === '' || line.startsWith('done '))) continue;
      must(looks < 100, `${name} has schedules that do not fire`);
      quiet = -1;
      await after(100);
    }
  }
};

/** What was acknowledged has one effect, what was not has at most one. */
const effects = async (client: Client, ledger: Ledger): Promise<void> => {
  const answers = new Map<string, number>();
  const told = new Map<string, number>();
  const count = (map: Map<string, number>, key: string | undefined): void => {
    if (key !== undefined) map.set(key, (map.get(key) ?? 0) + 1);
  };
  for (const name of names) {
    const log = await read(client, `agents/${name}/outbox/log`);
    for (const line of log.split('\n').filter(Boolean)) {
      const { text, in_reply_to: answered } = JSON.parse(line) as { text: string; in_reply_to?: string };
      if (answered === undefined) continue;
      count(answers, ledger.orders.has(answered) ? answered : /message (\S+) \.*:end/.exec(text)?.[1]);
      count(told, /“told (\S+) :end/.exec(text)?.[1]);
    }
    must(
      (await client.list(`agents/${name}/inbox`)).every(({ name }) => name === 'new'),
      `${name} has messages left`,
    );
  }
  for (const [id, { acknowledged, agent, tells: other }] of ledger.orders) {
    const found = answers.get(id) ?? 0;
    must(
      found === 1 || (found === 0 && !acknowledged),
      `${id} to ${agent}: acknowledged ${acknowledged}, ${found} answers`,
    );
    if (tells && other && found === 1)
      must(told.get(id) === 1, `${id}: ${agent} told ${other} ${told.get(id) ?? 0} times`);
  }
  for (const [id, found] of told) must(found === 1, `what was told with ${id} was answered ${found} times`);
  for (const [path, orders] of ledger.notes) {
    const present = await read(client, path);
    const last = orders.findLast(({ acknowledged }) => acknowledged);
    const later = orders.slice(last ? orders.indexOf(last) : 0).map(({ text }) => text);
    must(later.includes(present), `${path} holds ${present}, not one of ${later.join(' ')}`);
  }
};
