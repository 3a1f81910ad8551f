import { randomInt } from 'node:crypto';
import { timeText } from '../../drivers/clock/clock.ts';
import type { Perceived } from '../../drivers/model/model.ts';
import { del, put, within, type Operation } from '../../drivers/store/store.ts';
import { Errno } from '../../kernel/errno.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import type { Agent } from '../agent.ts';
import type { Effect } from '../effects.ts';
import type { Host } from '../host.ts';
import { goalPrefix } from '../keys.ts';
import { Stages, type Act, type StagedDocument } from '../stages.ts';
import { cut, decode } from '../text.ts';
import { assertGoalName, PRIORITY, readDraft, readPriority, readText, type GoalDraft } from './draft.ts';

/** Goals a tick perceives, and bytes of them in all; bytes of a reason. */
const PERCEIVED = 32;
const BYTES = 32_768;
const WHY = 1_024;

export type GoalStatus = 'active' | 'done' | 'dropped';

/** One goal. The same object as long as it exists; times are milliseconds. */
export interface Goal {
  name: string;
  /** Empty until it was written. */
  text: string;
  /** 0 to 100; the highest first. */
  priority: number;
  status: GoalStatus;
  since: number;
  /** Who made the status what it is. */
  by: string;
  why?: string | undefined;
  /** Who wrote the text: its messages are believed as much as they are. */
  author: Subject;
  readonly created: number;
}

type Field = 'text' | 'priority' | 'new';

interface Meta {
  /** Of `new`: the name it gets if the document gives none. */
  readonly name: string;
  readonly field: Field;
  readonly by: Subject;
}

export type GoalStage = StagedDocument<Meta>;

/** What an agent is to reach. Writing a goal's text, and `run`, are messages with the Origin `goal`. */
export class Goals {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #goals = new Map<string, Goal>();
  readonly #stages: Stages<Meta>;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
    this.#stages = new Stages<Meta>(agent, host, {
      kind: 'goal',
      path: 'goals',
      check: (meta, bytes) => this.#check(meta, bytes),
      act: (meta, bytes) => this.#act(meta, bytes),
    });
  }

  async load(): Promise<void> {
    const prefix = goalPrefix(this.#agent.id);
    for await (const [key, value] of this.#host.store.range(within(prefix))) {
      const name = key.slice(prefix.length);
      this.#goals.set(name, { ...(JSON.parse(Buffer.from(value).toString()) as Goal), name });
    }
  }

  get size(): number {
    return this.#goals.size;
  }

  /** Sorted. */
  names(): string[] {
    return [...this.#goals.keys()].sort();
  }

  get(name: string): Goal | undefined {
    return this.#goals.get(name);
  }

  /** Those to be reached, the most important first. */
  active(): Goal[] {
    return [...this.#goals.values()]
      .filter(({ status, text }) => status === 'active' && text !== '')
      .sort((a, b) => b.priority - a.priority || a.created - b.created || (a.name < b.name ? -1 : 1));
  }

  /** What a tick is shown of them. */
  perceive(): Perceived[] {
    const perceived: Perceived[] = [];
    let left = BYTES;
    for (const { name, text } of this.active().slice(0, PERCEIVED)) {
      const shown = cut(text, left);
      perceived.push({ kind: 'goal', path: `goals/${name}`, text: shown });
      left -= Buffer.byteLength(shown);
      if (left <= 0) break;
    }
    return perceived;
  }

  /** A goal without a text yet. EEXIST, EINVAL, ENOSPC. */
  async make(name: string, by: Subject): Promise<void> {
    this.#assertFree(name);
    const goal = this.#new(name, by, PRIORITY);
    this.#goals.set(name, goal);
    await this.#commit([this.#save(goal)], () => this.#goals.delete(name));
  }

  /** It goes for good. ENOENT. */
  async remove(name: string, by: Subject): Promise<void> {
    const goal = this.#find(name);
    this.#goals.delete(name);
    this.#event('goal.removed', goal, by);
    await this.#commit([del(this.#key(name))], () => this.#goals.set(name, goal));
  }

  /** ENOENT, EEXIST, EINVAL. */
  async rename(from: string, to: string): Promise<void> {
    const goal = this.#find(from);
    if (from === to) return;
    if (this.#goals.has(to)) throw new Errno('EEXIST', `there is a goal '${to}'`);
    assertGoalName(to);
    this.#move(goal, to);
    await this.#commit([del(this.#key(from)), this.#save(goal)], () => this.#move(goal, from));
  }

  /** A name of the server's choice: `g-` and eight letters or digits. */
  freeName(): string {
    for (;;) {
      const name = `g-${randomInt(36 ** 4)
        .toString(36)
        .padStart(4, '0')}${randomInt(36 ** 4)
        .toString(36)
        .padStart(4, '0')}`;
      if (!this.#goals.has(name)) return name;
    }
  }

  /**
   * Validates a document and makes it durable, without effect. A text counts as a message that is pending. EINVAL with
   * what is wrong, EFBIG, EEXIST, ENOSPC (too many goals, or the inbox is full).
   */
  stage(name: string, field: Field, bytes: Uint8Array, by: Subject): Promise<GoalStage> {
    return this.#stages.stage({ name, field, by }, bytes);
  }

  discardStage(stage: GoalStage): Promise<void> {
    return this.#stages.discard(stage);
  }

  /** Returns the name of the goal. */
  publish(stage: GoalStage): string {
    const { meta, bytes } = stage;
    const name = meta.field === 'new' ? (readDraft(bytes).name ?? meta.name) : meta.name;
    this.#stages.publish(stage);
    return name;
  }

  /** Stage and publish in one: resolves when it is on disk. */
  write(name: string, field: Field, bytes: Uint8Array, by: Subject): Promise<void> {
    return this.#stages.write({ name, field, by }, bytes);
  }

  recover(key: string, meta: object, bytes: Uint8Array): Promise<void> {
    return this.#stages.recover(key, meta, bytes);
  }

  /** It was reached, or is given up: no tick perceives it any more. EINVAL for what makes no sense. */
  async end(name: string, status: 'done' | 'dropped', why: string, by: Subject): Promise<void> {
    const goal = this.#find(name);
    if (goal.status === status) return;
    if (goal.status === 'dropped')
      throw new Errno('EINVAL', `the goal '${name}' was dropped: write its text to take it up`);
    const before = { ...goal };
    this.#turn(goal, status, by, why);
    await this.#commit([this.#save(goal)], () => Object.assign(goal, before));
  }

  /** Ticks for it now. EINVAL unless it is active and says something. */
  async run(name: string): Promise<void> {
    const goal = this.#find(name);
    if (goal.status !== 'active')
      throw new Errno('EINVAL', `the goal '${name}' is ${goal.status}: write its text to take it up`);
    if (goal.text === '') throw new Errno('EINVAL', `the goal '${name}' has no text yet`);
    const offered = this.#agent.inbox.offer(...this.#message(name, goal.text, goal.author));
    await this.#commit(offered.operations, offered.revert);
    offered.apply();
  }

  /** For the batch of a tick: a goal the agent gives itself. */
  offer(text: string, by: Subject): { name: string; effect: Effect } {
    const bytes = Buffer.from(text);
    const name = this.freeName();
    this.#assertFree(name);
    const goal = this.#new(name, by, PRIORITY, readText(bytes));
    const offered = this.#agent.inbox.offer(...this.#message(name, goal.text, by));
    const effect: Effect = {
      operations: [this.#save(goal), ...offered.operations],
      apply: () => {
        this.#goals.set(name, goal);
        this.#event('goal.written', goal, by);
        offered.apply();
      },
      revert: () => offered.revert(),
    };
    return { name, effect };
  }

  #check({ name, field, by }: Meta, bytes: Uint8Array): (() => void) | undefined {
    if (field === 'priority') {
      this.#find(name);
      readPriority(decode(bytes));
      return undefined;
    }
    const draft: GoalDraft = field === 'new' ? readDraft(bytes) : { name, priority: PRIORITY, text: readText(bytes) };
    const target = draft.name ?? name;
    if (field === 'new') this.#assertFree(target);
    else this.#find(target);
    return this.#agent.inbox.reserve(...this.#message(target, draft.text, by));
  }

  #act({ name, field, by }: Meta, bytes: Uint8Array): Act {
    if (field === 'priority') {
      const goal = this.#find(name);
      goal.priority = readPriority(decode(bytes));
      return { operations: [this.#save(goal)] };
    }
    const draft: GoalDraft = field === 'new' ? readDraft(bytes) : { name, priority: PRIORITY, text: readText(bytes) };
    const target = draft.name ?? name;
    const goal = field === 'new' ? this.#new(target, by, draft.priority) : this.#find(target);
    this.#goals.set(target, goal);
    goal.text = draft.text;
    goal.author = by;
    if (goal.status !== 'active') this.#turn(goal, 'active', by, '');
    this.#event('goal.written', goal, by);
    const offered = this.#agent.inbox.offer(...this.#message(target, goal.text, by));
    return {
      operations: [this.#save(goal), ...offered.operations],
      done: offered.apply,
      failed: offered.revert,
    };
  }

  #message(name: string, text: string, by: Subject): Parameters<Agent['inbox']['offer']> {
    return [Buffer.from(`Subject: goals/${name}\n\n${text}`), { origin: { tier: 'goal', name, by } }];
  }

  #new(name: string, by: Subject, priority: number, text = ''): Goal {
    const now = this.#host.clock.now();
    return { name, text, priority, status: 'active', since: now, by: nameOf(by), author: by, created: now };
  }

  #turn(goal: Goal, status: GoalStatus, by: Subject, why: string): void {
    goal.status = status;
    goal.since = this.#host.clock.now();
    goal.by = nameOf(by);
    goal.why = why === '' ? undefined : cut(why, WHY);
    this.#event(`goal.${status}`, goal, by);
  }

  #event(type: string, { name, status, why }: Goal, by: Subject): void {
    const fields = { goal: name, by: nameOf(by), ...(why === undefined ? {} : { why }) };
    const time = timeText(this.#host.clock.now());
    const { record, trajectory } = this.#agent;
    trajectory.append({ time, tick: record.tick, cause: 'goal', type, status, ...fields });
    this.#host.event(type, this.#agent.name, fields);
  }

  #move(goal: Goal, to: string): void {
    this.#goals.delete(goal.name);
    goal.name = to;
    this.#goals.set(to, goal);
  }

  #assertFree(name: string): void {
    assertGoalName(name);
    if (this.#goals.has(name)) throw new Errno('EEXIST', `there is a goal '${name}'`);
    const { goals } = this.#agent.settings.limits;
    if (this.#goals.size >= goals) throw new Errno('ENOSPC', `${goals} goals are all that policy/limits allows`);
  }

  #find(name: string): Goal {
    const goal = this.#goals.get(name);
    if (!goal) throw new Errno('ENOENT', `no goal '${name}'`);
    return goal;
  }

  #key(name: string): string {
    return goalPrefix(this.#agent.id) + name;
  }

  #save({ name, ...goal }: Goal): Operation {
    return put(this.#key(name), Buffer.from(JSON.stringify(goal)));
  }

  /** What a commit that fails leaves is as it was. */
  async #commit(operations: readonly Operation[], undo: () => unknown): Promise<void> {
    try {
      await this.#host.commit(operations, this.#agent.journals);
    } catch (error) {
      undo();
      throw error;
    }
  }
}
