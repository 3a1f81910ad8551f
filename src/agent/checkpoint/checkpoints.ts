import { Errno } from '../../kernel/errno.ts';
import { userName } from '../../kernel/name.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { del, put, within } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Host } from '../host.ts';
import { checkpointKey, checkpointPrefix, copyPrefix, dataPrefix, unfinishedKey } from '../keys.ts';
import { frozenAgent } from './frozen.ts';
import { copyState, erase, type StateSize } from './state.ts';
import type { WorkSize } from './work.ts';

/** Checkpoints of one agent, and those of them that were made by a restore. */
export const CHECKPOINTS = 100;
const SAVED = 10;

/** What of an agent's own row is state. */
const rowState = ['model'] as const satisfies readonly (keyof AgentRecord)[];
export type RowState = Partial<Pick<AgentRecord, (typeof rowState)[number]>>;

/** What is stored of a checkpoint under its name; `manifest` and `diff` apart, this is what `info` shows. */
export interface CheckpointInfo {
  readonly name: string;
  /** Below which what it holds lies, in the store and on disk. */
  readonly key: string;
  /** RFC 3339. */
  readonly time: string;
  readonly by: string;
  /** Made by a restore of this one, before it. */
  readonly before?: string;
  /** Ticks begun at that moment. */
  readonly tick: number;
  readonly row: RowState;
  readonly state: StateSize;
  readonly work: WorkSize;
}

/** What stands for a copy that is not finished. */
export interface Unfinished {
  readonly id: number;
  readonly key: string;
}

export const rowStateOf = (record: AgentRecord): RowState =>
  Object.fromEntries(rowState.map((name) => [name, record[name]]));

export interface MakeOptions {
  readonly signal?: AbortSignal;
  /** It is made by a restore of this one. */
  readonly before?: string;
}

/**
 * The checkpoints of an agent: copies of its state at one moment. A copy is made below a key nobody knows, and the one
 * record that gives it a name is written when all of it is on disk: a crash leaves it whole or not at all. Nothing of
 * it is kept in memory.
 */
export class Checkpoints {
  readonly #agent: Agent;
  readonly #host: Host;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  get(name: string): CheckpointInfo | undefined {
    const value = userName.test(name) ? this.#host.store.get(checkpointKey(this.#agent.id, name)) : undefined;
    return value && (JSON.parse(Buffer.from(value).toString()) as CheckpointInfo);
  }

  /** ENOENT. */
  find(name: string): CheckpointInfo {
    const found = this.get(name);
    if (!found) throw new Errno('ENOENT', `no checkpoint '${name}'`);
    return found;
  }

  /** Oldest first. */
  async list(): Promise<CheckpointInfo[]> {
    const found: CheckpointInfo[] = [];
    for await (const [, value] of this.#host.store.range(within(checkpointPrefix(this.#agent.id)))) {
      found.push(JSON.parse(Buffer.from(value).toString()) as CheckpointInfo);
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The agent it holds, to be looked at. */
  frozen(info: CheckpointInfo): Promise<Agent> {
    return frozenAgent(this.#host, this.#agent.record, info);
  }

  /**
   * Resolves when it is on disk. No tick begins meanwhile. EBUSY while one runs, EEXIST, EINVAL for its name, ENOSPC
   * when there are many, EFBIG when it would be larger than a checkpoint may be, EINTR.
   */
  async make(name: string, subject: Subject, options: MakeOptions = {}): Promise<CheckpointInfo> {
    this.#assertNew(name);
    const release = this.#agent.hold.take(`the checkpoint '${name}' is made`);
    try {
      return await this.makeHeld(name, subject, options);
    } finally {
      release();
    }
  }

  /** As `make`, for who holds the agent already. */
  async makeHeld(name: string, subject: Subject, { signal, before }: MakeOptions = {}): Promise<CheckpointInfo> {
    this.#assertNew(name);
    const { store, work, ids, clock } = this.#host;
    const agent = this.#agent;
    const all = await this.list();
    if (before === undefined && all.length >= CHECKPOINTS) {
      throw new Errno('ENOSPC', `'${agent.name}' has ${CHECKPOINTS} checkpoints: rmdir one`);
    }
    const key = ids.next();
    let done: CheckpointInfo;
    const mark = unfinishedKey('checkpoint', agent.id);
    const unfinished: Unfinished = { id: agent.id, key };
    // Everything that was handed to the store before this is in the snapshot that is taken after it.
    await store.batch([put(mark, Buffer.from(JSON.stringify(unfinished)))]);
    try {
      const snapshot = store.snapshot();
      let state: StateSize;
      try {
        state = await copyState(snapshot, dataPrefix(agent.id), store, copyPrefix(agent.id, key), signal);
      } finally {
        await snapshot.close();
      }
      const info: CheckpointInfo = {
        name,
        key,
        time: timeText(clock.now()),
        by: nameOf(subject),
        ...(before === undefined ? {} : { before }),
        tick: agent.record.tick,
        row: rowStateOf(agent.record),
        state,
        work: await work.save(agent, key, signal),
      };
      this.#assertNew(name);
      this.#note('checkpoint', info);
      const value = Buffer.from(JSON.stringify(info));
      await this.#host.commit([put(checkpointKey(agent.id, name), value), del(mark)], agent.journals);
      done = info;
    } catch (error) {
      await dropCopy(this.#host, unfinished);
      await store.batch([del(mark)]);
      throw error;
    }
    await this.#forgetSaved([...all, done]);
    return done;
  }

  /** A name nobody has: for what a restore saves before it. */
  nameBefore(): string {
    const stem = `before-restore-${timeText(this.#host.clock.now()).replace(/\.\d*|[-:]/g, '')}`;
    for (let count = 1; ; count++) {
      const name = count === 1 ? stem : `${stem}-${count}`;
      if (!this.get(name)) return name;
    }
  }

  /** ENOENT, EBUSY while the agent is checkpointed, restored or forked. */
  async remove(name: string, subject: Subject): Promise<void> {
    const info = this.find(name);
    const agent = this.#agent;
    const release = agent.hold.take(`the checkpoint '${name}' is removed`, { working: true });
    try {
      this.#note('checkpoint removed', info, nameOf(subject));
      await this.#forget(info);
    } finally {
      release();
    }
  }

  /** The name goes first: what has no name is nobody's. */
  async #forget({ name, key }: CheckpointInfo): Promise<void> {
    const agent = this.#agent;
    const mark = unfinishedKey('checkpoint', agent.id);
    const unfinished: Unfinished = { id: agent.id, key };
    const operations = [del(checkpointKey(agent.id, name)), put(mark, Buffer.from(JSON.stringify(unfinished)))];
    await this.#host.commit(operations, agent.journals);
    await dropCopy(this.#host, unfinished);
    await this.#host.store.batch([del(mark)], { sync: false });
  }

  #assertNew(name: string): void {
    if (!userName.test(name)) {
      throw new Errno('EINVAL', `'${name}' cannot name a checkpoint: letters, digits, '.', '_', '-', at most 100`);
    }
    if (this.get(name)) throw new Errno('EEXIST', `there is a checkpoint '${name}'`);
  }

  /** What restores saved is kept for a while only: nobody made it on purpose. */
  async #forgetSaved(all: readonly CheckpointInfo[]): Promise<void> {
    const saved = all.filter(({ before }) => before !== undefined);
    for (const info of saved.slice(0, -SAVED)) await this.#forget(info);
  }

  #note(type: string, { name, state, work, tick }: CheckpointInfo, by?: string): void {
    const agent = this.#agent;
    const time = timeText(this.#host.clock.now());
    const fields = { name, keys: state.keys, bytes: state.bytes, work, ...(by === undefined ? {} : { by }) };
    agent.trajectory.append({ time, tick, cause: 'checkpoint', type, ...fields });
    this.#host.event(`agent.${type.replace(' ', '.')}`, agent.name, fields);
  }
}

/** Deletes what a copy has in the store and on disk; what is not there is no failure. */
export const dropCopy = async (
  { store, work }: Pick<Host, 'store' | 'work'>,
  { id, key }: Unfinished,
): Promise<void> => {
  await erase(store, copyPrefix(id, key));
  await work.drop(id, key);
};
