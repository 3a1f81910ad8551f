import { createInterface } from 'node:readline';
import { operator } from '../../src/kernel/subject.ts';
import { SystemClock } from '../../src/drivers/clock/system.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { Agents } from '../../src/agent/agents.ts';

/**
 * A server that is going to be killed: it sends itself messages as fast as it can and prints a line for everything it
 * has acknowledged. `staged X`: the flush returned. `closed X`: the close returned. `accepted X`: an enqueue returned.
 */
const [directory, life] = process.argv.slice(2);
const store = await LevelStore.open(directory!);
const agents = await Agents.open({ store, clock: new SystemClock(), models: new Models(new Offline()) });
const names = ['ada', 'bob', 'eve'];
for (const name of names) if (!agents.has(name)) await agents.define(name, operator);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const write = async (name: string, writer: number): Promise<void> => {
  const agent = (await agents.load(name))!;
  const { inbox, notes } = agent;
  for (let n = 0; ; n++) {
    const id = `${life!}-${name}-${writer}-${n}`;
    // Half of them carry no Id, so that nothing but the engine itself can keep one from acting twice.
    const head = writer === 0 ? `Id: ${id}\n\n` : '';
    const body = Buffer.from(`${head}message ${id} ${'.'.repeat((n * 97) % 3_000)}:end`);
    if (n % 5 === 0) {
      await inbox.accept(body, { origin: operator });
      say(`accepted ${id}`);
    } else {
      // Two flushes, as a shell makes them: only the last text may become a message.
      const half = await inbox.stage(Buffer.from(`${head}half`), { origin: operator });
      const stage = await inbox.stage(body, { origin: operator }, half);
      say(`staged ${id}`);
      inbox.publish(stage);
      say(`closed ${id}`);
    }
    if (n % 7 === 0) {
      const stage = await notes.stage(`note-${writer}`, Buffer.from(id));
      say(`note ${name} note-${writer} ${id}`);
      notes.publish(stage);
    }
    // The inbox holds 1,000: a writer that never waits would only learn that it is full.
    while (inbox.size > 200) await new Promise<void>((resolve) => void agent.onChange(resolve));
  }
};

say('ready');
createInterface({ input: process.stdin }).on('close', () => process.exit(0));
await Promise.all(names.flatMap((name) => [0, 1].map((writer) => write(name, writer))));
