import { createInterface } from 'node:readline';
import { operator } from '../../src/kernel/subject.ts';
import { SystemClock } from '../../src/drivers/clock/system.ts';
import { Models } from '../../src/drivers/model/model.ts';
import { Offline } from '../../src/drivers/model/offline.ts';
import { LevelStore } from '../../src/drivers/store/level.ts';
import { Agents } from '../../src/agent/agents.ts';

/** A server whose agents are driven by schedules alone. It prints `due NAME ID` for every message it has accepted from one. */
const store = await LevelStore.open(process.argv[2]!);
const agents = await Agents.open({ store, clock: new SystemClock(), models: new Models(new Offline()) });
const names = Array.from({ length: 8 }, (_, n) => `agent-${n}`);
for (const name of names) {
  const agent = (await agents.load(name)) ?? (await agents.define(name, operator));
  for (const every of ['1s', '1100ms', '1300ms', '1700ms']) {
    await agent.settings.write(`schedule/every-${every}`, Buffer.from(`every ${every} ${name} ${every}`), operator);
  }
}
agents.on((change) => {
  if (change.type === 'message' && change.change === 'added') {
    process.stdout.write(`due ${change.agent.name} ${change.agent.inbox.get(change.name)!.id}\n`);
  }
});
process.stdout.write('ready\n');
createInterface({ input: process.stdin }).on('close', () => process.exit(0));
