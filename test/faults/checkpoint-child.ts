import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '../../src/drivers/clock/system.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { Agents } from '../../src/agent/agents.ts';
import { operator } from '../../src/kernel/subject.ts';
import { Works } from '../../src/works.ts';

// Goes back and forth between two checkpoints, and says each write before it is made. Somebody kills it.
const [directory, verb] = process.argv.slice(2) as [string, string];
const store = await LevelStore.open(join(directory, 'db'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const batch = store.batch.bind(store);
let loud = false;
store.batch = (operations, options) => {
  if (loud) say('batch');
  return batch(operations, options);
};
const fail = (name: string, error: unknown): void => say(`failed ${name} ${String(error)}`);
const work = new Works({ work: join(directory, 'work'), checkpoints: join(directory, 'checkpoints'), failed: fail });
const agents = await Agents.open({ store, clock: new SystemClock(), models: new Models(new Offline()), work });
await work.sweep(agents);

const files = join(directory, 'work/ada');
const write = async (text: string): Promise<void> => {
  const ada = (await agents.load('ada'))!;
  mkdirSync(files, { recursive: true });
  for (let i = 0; i < 40; i++) {
    await ada.notes.write(`n${i}`, Buffer.from(text.repeat(5_000)));
    writeFileSync(join(files, `f${i}`), text.repeat(5_000));
  }
};

if (!agents.has('ada')) {
  await agents.define('ada', operator);
  for (const name of ['x', 'y']) {
    await write(name);
    await (await agents.load('ada'))!.checkpoints.make(name, operator);
  }
}
say('ready');
loud = true;
for (let n = 0; ; n++) {
  if (verb === 'restore') await agents.restore('ada', n % 2 === 0 ? 'x' : 'y', operator);
  else {
    const { checkpoints } = (await agents.load('ada'))!;
    const name = `c${process.pid}-${n}`;
    await checkpoints.make(name, operator);
    await checkpoints.remove(name, operator);
  }
}
