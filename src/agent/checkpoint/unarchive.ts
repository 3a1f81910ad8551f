import { Errno } from '../../kernel/errno.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { put } from '../../drivers/store/store.ts';
import { Agent } from '../agent.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Archived } from '../archive.ts';
import type { Host } from '../host.ts';
import { agentKey, pendingKey } from '../keys.ts';
import { move, moving } from './moving.ts';

/** An agent comes back from the archive with all it had, in the state it had. Resolves when it is on disk. */
export const unarchive = async (entry: Archived, name: string, subject: Subject, host: Host): Promise<Agent> => {
  const { id, name: archived } = entry;
  const value = host.store.get(agentKey(id));
  if (!value) throw new Errno('EIO', `'${archived}' is not in the store`);
  const record = JSON.parse(Buffer.from(value).toString()) as AgentRecord;
  delete record.archived;
  record.name = name;
  record.since = timeText(host.clock.now());
  const agent = await Agent.load(record, host);
  const { since: time, tick, state } = record;
  const by = nameOf(subject);
  agent.trajectory.append({
    time,
    tick,
    cause: 'restore',
    type: 'transition',
    from: 'archived',
    to: state,
    name,
    archived,
    by,
  });
  host.event('agent.unarchived', name, { archived, by });
  const directory = { id, from: archived, to: name };
  // Messages may wait in it, so the next start looks at it.
  await host.commit([agent.save(), put(pendingKey(id), Buffer.alloc(0)), moving(directory)], agent.journals);
  await move(host, directory);
  if (!host.models.has(record.model) && state !== 'failed') agent.fail(`there is no model '${record.model}' any more`);
  host.background(
    agent,
    Promise.resolve().then(() => host.ready(agent)),
  );
  return agent;
};
