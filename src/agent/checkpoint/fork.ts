import { Errno } from '../../kernel/errno.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { del, put, type Operation } from '../../drivers/store/store.ts';
import { Agent } from '../agent.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Host } from '../host.ts';
import { copyPrefix, dataPrefix, pendingKey, settingsKey, unfinishedKey } from '../keys.ts';
import { emptyRecord, type SettingsRecord } from '../settings/record.ts';
import { viewPaths } from '../settings/views.ts';
import { rowStateOf } from './checkpoints.ts';
import { copyState, erase } from './state.ts';
import type { Owner } from './work.ts';

/** A fork that is not finished; `placed`: its work/ may stand where it will be. */
export interface Forking extends Owner {
  readonly placed: boolean;
}

export interface ForkOptions {
  readonly id: number;
  readonly name: string;
  /** Absent: as the parent is now. */
  readonly checkpoint?: string;
  readonly subject: Subject;
  readonly signal?: AbortSignal;
}

/** What a fork may spend, until the operator says otherwise. */
const NO_BUDGET = '# a fork has no budget until it is given one\ntick 0.00 USD\nday 0.00 USD\n';

/** The settings of the parent but for the budget. */
const settings = (store: Host['store'], id: number, now: number): Operation => {
  const value = store.get(settingsKey(id));
  const { texts, changed, ...rest } = value
    ? (JSON.parse(Buffer.from(value).toString()) as SettingsRecord)
    : emptyRecord;
  const record: SettingsRecord = {
    ...rest,
    texts: { ...texts, budget: NO_BUDGET },
    changed: { ...changed, [viewPaths.budget]: now },
  };
  return put(settingsKey(id), Buffer.from(JSON.stringify(record)));
};

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
  let forking: Forking = { ...owner, placed: false };
  const note = (): Promise<void> => store.batch([put(mark, Buffer.from(JSON.stringify(forking)))]);
  await note();
  try {
    const snapshot = store.snapshot();
    try {
      const from = info ? copyPrefix(parent.id, info.key) : dataPrefix(parent.id);
      await copyState(snapshot, from, store, dataPrefix(id), signal);
    } finally {
      await snapshot.close();
    }
    await store.batch([settings(store, id, clock.now())], { sync: false });
    await work.stage(owner, { owner: parent, ...(info && { key: info.key }) }, signal);
    forking = { ...owner, placed: true };
    await note();
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
    const operations = [made.save(), del(mark), put(pendingKey(id), Buffer.alloc(0)), ...host.identities.wanted(id)];
    await host.commit(operations, made.journals);
    host.identities.made(id);
    return made;
  } catch (error) {
    await undoFork(host, forking);
    await store.batch([del(mark)]);
    throw error instanceof Errno ? error : Errno.ofSystem(error);
  }
};

/** Takes away what a fork that was not finished has left. Comes again. */
export const undoFork = async ({ store, work }: Pick<Host, 'store' | 'work'>, forking: Forking): Promise<void> => {
  await erase(store, dataPrefix(forking.id));
  await work.unstage(forking);
  if (forking.placed) await work.discard(forking);
};
