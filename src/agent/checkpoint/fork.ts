import { Errno } from '../../kernel/errno.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { del, put } from '../../drivers/store/store.ts';
import { Agent } from '../agent.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Host } from '../host.ts';
import { copyPrefix, dataPrefix, unfinishedKey } from '../keys.ts';
import { rowStateOf } from './checkpoints.ts';
import { copyState, erase } from './state.ts';
import type { Owner } from './work.ts';

export interface ForkOptions {
  readonly id: number;
  readonly name: string;
  /** Absent: as the parent is now. */
  readonly checkpoint?: string;
  readonly subject: Subject;
  readonly signal?: AbortSignal;
}

/**
 * Makes an agent with the state of another one and nothing else of it: no messages, no history, a key of its own,
 * no budget. It is there with the commit of its row; before, a crash leaves what the next start takes away. The parent
 * is held by the caller. ENOENT, EFBIG, ENOSPC, EINTR.
 */
export const fork = async (parent: Agent, host: Host, options: ForkOptions): Promise<Agent> => {
  const { id, name, checkpoint, subject, signal } = options;
  const info = checkpoint === undefined ? undefined : parent.checkpoints.find(checkpoint);
  const { store, work, clock } = host;
  const owner: Owner = { id, name };
  const mark = unfinishedKey('fork', id);
  await store.batch([put(mark, Buffer.from(JSON.stringify(owner)))]);
  try {
    const snapshot = store.snapshot();
    try {
      const from = info ? copyPrefix(parent.id, info.key) : dataPrefix(parent.id);
      await copyState(snapshot, from, store, dataPrefix(id), signal);
    } finally {
      await snapshot.close();
    }
    await work.stage(owner, { owner: parent, ...(info && { key: info.key }) }, signal);
    await work.swap(owner);
    const time = timeText(clock.now());
    const { model = parent.record.model } = info?.row ?? {};
    const record: AgentRecord = {
      ...rowStateOf(parent.record),
      ...info?.row,
      id,
      name,
      model,
      created: time,
      state: 'idle',
      since: time,
      tick: 0,
      requests: [],
      breaks: 0,
    };
    const made = await Agent.load(record, host);
    const by = nameOf(subject);
    const ancestry = {
      parent: parent.name,
      parent_tick: info?.tick ?? parent.record.tick,
      parent_head: parent.trajectory.head,
    };
    const fields = { ...ancestry, ...(checkpoint === undefined ? {} : { checkpoint }), by };
    made.trajectory.append({
      time,
      tick: 0,
      cause: 'fork',
      type: 'transition',
      from: 'defined',
      to: 'idle',
      ...fields,
    });
    host.event('agent.forked', name, { parent: parent.name, ...(checkpoint === undefined ? {} : { checkpoint }), by });
    await host.commit([made.save(), ...host.identities.wanted(id), del(mark)], made.journals);
    host.identities.made(id);
    return made;
  } catch (error) {
    await undoFork(host, owner);
    await store.batch([del(mark)]);
    throw error instanceof Errno ? error : Errno.ofSystem(error);
  }
};

/** Takes away what a fork that was not finished has left. Comes again. */
export const undoFork = async ({ store, work }: Pick<Host, 'store' | 'work'>, owner: Owner): Promise<void> => {
  await erase(store, dataPrefix(owner.id));
  await work.unstage(owner);
  await work.discard(owner);
};
