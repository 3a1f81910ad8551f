import { Agents } from '../../src/agent/agents.ts';
import type { Agent } from '../../src/agent/agent.ts';
import { SystemClock } from '../../src/drivers/clock/system.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { operator } from '../../src/kernel/subject.ts';
import type { Ticks } from '../ticks.ts';

/**
 * Ticks on the offline model as the server makes them: each message and each tick's effects on disk (fsync), trajectory,
 * trace and log written. Arguments: directory, agents, clients, seconds. Tells the parent what came out.
 */
const [directory, count, clients, seconds] = [process.argv[2]!, ...process.argv.slice(3).map(Number)] as [
  string,
  number,
  number,
  number,
];
/** Messages that wait in one inbox before its writer waits too. */
const AHEAD = 20;
const LOOKS = 1_000;

const store = await LevelStore.open(directory);
const agents = await Agents.open({ store, clock: new SystemClock(), models: new Models(new Offline()) });
const all: Agent[] = [];
for (let n = 0; n < count; n += 500) {
  const names = Array.from({ length: Math.min(500, count - n) }, (_, index) => `a${n + index}`);
  all.push(...(await Promise.all(names.map((name) => agents.define(name, operator)))));
}

let ticks = 0;
let heard: ((agent: Agent) => void) | undefined;
const waiting = new Map<Agent, (() => void)[]>();
agents.on((change) => {
  if (change.type === 'tick' && change.change === 'added') {
    ticks++;
    for (const wake of waiting.get(change.agent) ?? []) wake();
    waiting.delete(change.agent);
  }
  if (change.type === 'status' && change.agent.working) heard?.(change.agent);
});

const body = Buffer.from('How is the weather up there, and what have you learnt since yesterday?');
let running = true;
let next = 0;
const client = async (): Promise<void> => {
  while (running) {
    const agent = all[next++ % all.length]!;
    while (agent.inbox.size > AHEAD)
      await new Promise<void>((resolve) => waiting.set(agent, [...(waiting.get(agent) ?? []), resolve]));
    await agent.inbox.accept(body, { origin: operator });
  }
};
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const working = Array.from({ length: clients }, client);
await after(1_000);
const [from, cpu, begun] = [ticks, process.cpuUsage(), performance.now()];
await after(seconds * 1_000);
const [made, took, used] = [ticks - from, (performance.now() - begun) / 1_000, process.cpuUsage(cpu)];
running = false;
await Promise.all(working);
while (agents.busy.running + agents.busy.waiting > 0) await after(10);

const starts: number[] = [];
const answers: number[] = [];
for (let look = 0; look < LOOKS; look++) {
  const agent = all[(look * 7919) % all.length]!;
  const asked = performance.now();
  // Before it is asked: the tick begins in the same turn.
  const started = new Promise<void>((resolve) => (heard = (who) => who === agent && resolve()));
  const answer = agent.ask(body, operator, new AbortController().signal);
  await started;
  starts.push(performance.now() - asked);
  await answer;
  answers.push(performance.now() - asked);
  heard = undefined;
  while (agent.working) await after(0);
}
const quantiles = (values: number[]): { p50: number; p99: number } => {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: sorted[sorted.length >> 1]!, p99: sorted[Math.floor(sorted.length * 0.99)]! };
};
await agents.close();
await store.close();
const result: Ticks = {
  rate: made / took,
  processors: (used.user + used.system) / 1e6 / took,
  start: quantiles(starts),
  answer: quantiles(answers),
  resident: process.memoryUsage.rss(),
};
if (process.send) process.send(result);
else console.log(JSON.stringify(result));
