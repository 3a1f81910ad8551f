import { Errno } from '../../kernel/errno.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { del, put, type Operation } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Host } from '../host.ts';
import { agentKey, copyPrefix, dataPrefix, pendingKey, unfinishedKey } from '../keys.ts';
import type { RowState } from './checkpoints.ts';
import { clearState, copyState } from './state.ts';
import type { Owner } from './work.ts';

/** A restore that was decided: it will be carried out, after a crash by the next start. */
export interface Restoring {
  readonly id: number;
  readonly key: string;
  readonly row: RowState;
}

/**
 * Decides a restore; resolves when it is on disk. From then on the agent *is* what it was at that checkpoint, and
 * `carryOut` makes the store and the disk say so. What it is now is saved as another checkpoint first, whose name is
 * returned. The agent is held by the caller. ENOENT, EFBIG, ENOSPC, EINTR; nothing happened then.
 */
export const decideRestore = async (
  agent: Agent,
  host: Host,
  name: string,
  subject: Subject,
  signal?: AbortSignal,
): Promise<string> => {
  const { checkpoints } = agent;
  const { key, row } = checkpoints.find(name);
  if (agent.inbox.staged > 0) throw new Errno('EBUSY', `restore of '${agent.name}': a message is being written`);
  const { model } = row;
  if (model !== undefined && !host.models.names.includes(model))
    throw new Errno('EINVAL', `there is no model '${model}'`);
  const saved = await checkpoints.makeHeld(checkpoints.nameBefore(), subject, {
    before: name,
    ...(signal && { signal }),
  });
  const staged = unfinishedKey('stage', agent.id);
  const owner: Owner = { id: agent.id, name: agent.name };
  await host.store.batch([put(staged, Buffer.from(JSON.stringify(owner)))]);
  try {
    await host.work.stage(agent, { owner: agent, key }, signal);
    const restoring: Restoring = { id: agent.id, key, row };
    const time = timeText(host.clock.now());
    const by = nameOf(subject);
    const fields = { checkpoint: name, saved: saved.name, by };
    agent.trajectory.append({ time, tick: agent.record.tick, cause: 'restore', type: 'restore', ...fields });
    agent.trace.append({ time, tick: agent.record.tick, type: 'restore', ...fields });
    host.event('agent.restored', agent.name, fields);
    const mark = put(unfinishedKey('restore', agent.id), Buffer.from(JSON.stringify(restoring)));
    await host.commit([mark, del(staged), agent.save()], agent.journals);
    return saved.name;
  } catch (error) {
    await host.work.unstage(agent);
    await host.store.batch([del(staged)]);
    throw error;
  }
};

/** What was decided of an agent and not carried out yet. */
export const restoringOf = (store: Host['store'], id: number): Restoring | undefined => {
  const value = store.get(unfinishedKey('restore', id));
  return value && (JSON.parse(Buffer.from(value).toString()) as Restoring);
};

/** Carries out what was decided. It may come again at any point of itself. Nobody has the agent in memory. */
export const carryOut = async ({ store, work }: Pick<Host, 'store' | 'work'>, restoring: Restoring): Promise<void> => {
  const { id, key, row } = restoring;
  const value = store.get(agentKey(id));
  const end: Operation[] = [del(unfinishedKey('restore', id))];
  if (value) {
    // What was handed to the store before is there now, and goes with the rest.
    await store.batch([], { sync: false });
    const record: AgentRecord = { ...(JSON.parse(Buffer.from(value).toString()) as AgentRecord), ...row };
    await clearState(store, dataPrefix(id));
    const snapshot = store.snapshot();
    try {
      await copyState(snapshot, copyPrefix(id, key), store, dataPrefix(id));
    } finally {
      await snapshot.close();
    }
    await work.swap(record);
    // The next start looks at it: what it does at times stands in no queue yet.
    end.push(put(agentKey(id), Buffer.from(JSON.stringify(record))), put(pendingKey(id), Buffer.alloc(0)));
  }
  await store.batch(end);
};
