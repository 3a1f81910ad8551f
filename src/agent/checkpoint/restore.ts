import { Errno } from '../../kernel/errno.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { del, put, type Operation } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Host } from '../host.ts';
import { agentKey, copyPrefix, dataPrefix, unfinishedKey } from '../keys.ts';
import type { CheckpointInfo, RowState } from './checkpoints.ts';
import { clearState, copyState } from './state.ts';

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
): Promise<{ restoring: Restoring; saved: CheckpointInfo }> => {
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
  await host.work.stage(agent, { owner: agent, key }, signal);
  try {
    const restoring: Restoring = { id: agent.id, key, row };
    const time = timeText(host.clock.now());
    const by = nameOf(subject);
    const fields = { checkpoint: name, saved: saved.name, by };
    agent.trajectory.append({ time, tick: agent.record.tick, cause: 'restore', type: 'restore', ...fields });
    agent.trace.append({ time, tick: agent.record.tick, type: 'restore', ...fields });
    host.event('agent.restored', agent.name, fields);
    const mark = put(unfinishedKey('restore', agent.id), Buffer.from(JSON.stringify(restoring)));
    await host.commit([mark, agent.save()], agent.journals);
    return { restoring, saved };
  } catch (error) {
    await host.work.unstage(agent);
    throw error;
  }
};

/** Carries out what was decided. It may come again at any point of itself. Nobody has the agent in memory. */
export const carryOut = async ({ store, work }: Pick<Host, 'store' | 'work'>, restoring: Restoring): Promise<void> => {
  const { id, key, row } = restoring;
  const value = store.get(agentKey(id));
  const end: Operation[] = [del(unfinishedKey('restore', id))];
  if (value) {
    const record: AgentRecord = { ...(JSON.parse(Buffer.from(value).toString()) as AgentRecord), ...row };
    await clearState(store, dataPrefix(id));
    const snapshot = store.snapshot();
    try {
      await copyState(snapshot, copyPrefix(id, key), store, dataPrefix(id));
    } finally {
      await snapshot.close();
    }
    await work.swap(record);
    end.unshift(put(agentKey(id), Buffer.from(JSON.stringify(record))));
  }
  await store.batch(end);
};
