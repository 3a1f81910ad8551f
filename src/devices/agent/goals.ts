import { GOAL } from '../../agent/goal/draft.ts';
import type { Goal } from '../../agent/goal/goals.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { Table, type Row } from '../../files/dir.ts';
import type { Staged } from '../../files/document.ts';
import { New } from '../../files/new.ts';
import { entriesOf, Stamp } from '../../files/stamp.ts';
import { Text } from '../../files/text.ts';
import { Value } from '../../files/value.ts';
import { Verbs, type Verb } from '../../files/verbs.ts';
import { Errno } from '../../kernel/errno.ts';
import { S_IFDIR, S_IFREG } from '../../kernel/mode.ts';
import type { Attributes, Awaitable, Dir, Entry, Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import type { AgentContext } from './agent-dir.ts';

/** What the files of one goal are made of. */
export interface GoalContext extends AgentContext {
  readonly goal: Goal;
}

const stage = async (
  { goals }: AgentContext['agent'],
  field: 'text' | 'priority' | 'new',
  name: string,
  content: Uint8Array,
  { subject }: Request,
): Promise<Staged> => {
  const staged = await goals.stage(name, field, content, subject);
  return { publish: () => goals.publish(staged), drop: () => goals.discardStage(staged) };
};

/** `new`: a goal in one document. */
export const newGoal = ({ agent, server }: AgentContext): New =>
  new New(server.world, {
    template: `Priority: 50

Write what is to be reached. Header lines (Name, Priority: 0 to 100, the highest first) and an empty line may come first:
  echo 'keep the tests green' > new
`,
    limit: GOAL + 1_024,
    room: () => agent.inbox.assertRoom(),
    stage: (content, by) => stage(agent, 'new', agent.goals.freeName(), content, by),
  });

export const goalText = ({ agent, server, goal }: GoalContext): Value =>
  new Value(server.world, {
    limit: GOAL,
    load: () => Buffer.from(goal.text),
    stage: (content, by) => stage(agent, 'text', goal.name, content, by),
  });

export const goalPriority = ({ agent, server, goal }: GoalContext): Value =>
  new Value(server.world, {
    limit: 1_024,
    load: () => Buffer.from(`${goal.priority}\n`),
    stage: (content, by) => stage(agent, 'priority', goal.name, content, by),
  });

/** The word alone on its line; then since when, by whom and why. */
export const goalStatus = ({ server, goal }: GoalContext): Text =>
  new Text(server.world, () => {
    const { status, since, by, why } = goal;
    return `${status}\nsince ${timeText(since)}\nby ${by}\n${why === undefined ? '' : `why ${why}\n`}`;
  });

export const goalCtl = ({ agent, server, goal }: GoalContext): Verbs => {
  const end = (name: string, status: 'done' | 'dropped', says: string): Verb => ({
    name,
    args: '[WHY...]',
    says,
    run: async (words, { subject }) => {
      await agent.goals.end(goal.name, status, words.join(' '), subject);
      return undefined;
    },
  });
  return new Verbs(server.world, [
    end('done', 'done', 'it is reached'),
    end('drop', 'dropped', 'it is given up, and stays to be seen'),
    {
      name: 'run',
      args: '',
      says: 'a tick for it; returns when it is accepted',
      run: async () => {
        await agent.goals.run(goal.name);
        return undefined;
      },
    },
  ]);
};

/** `mkdir` makes a goal, `rmdir` removes it for good, `mv` renames it. */
export class GoalsDir implements Dir {
  readonly kind = 'dir';
  readonly #context: AgentContext;
  readonly #rows: readonly Row<GoalContext>[];
  readonly #fixed: ReadonlyMap<string, Node>;
  readonly #tables = new WeakMap<Goal, Table<GoalContext>>();
  readonly #stamp: Stamp;

  constructor(context: AgentContext, rows: readonly Row<GoalContext>[], fixed: Readonly<Record<string, Node>>) {
    this.#context = context;
    this.#rows = rows;
    this.#fixed = new Map(Object.entries(fixed));
    this.#stamp = new Stamp(context.server.world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFDIR | 0o755, 0);
  }

  lookup(name: string): Node | undefined {
    const goal = this.#context.agent.goals.get(name);
    return this.#fixed.get(name) ?? (goal && this.#table(goal));
  }

  list(request: Request): Awaitable<Iterable<Entry>> {
    const { goals } = this.#context.agent;
    const lines = Array.from(this.#fixed, ([name, node]): { name: string; mode: number; node: Node } => ({
      name,
      mode: S_IFREG,
      node,
    }));
    for (const name of goals.names()) lines.push({ name, mode: S_IFDIR, node: this.#table(goals.get(name)!) });
    return entriesOf(lines, request);
  }

  create(name: string): never {
    throw new Errno('EPERM', `a goal is a directory: mkdir ${name}, then write ${name}/text; or write new`);
  }

  async mkdir(name: string, _mode: number, { subject }: Request): Promise<Dir> {
    const { goals } = this.#context.agent;
    await goals.make(name, subject);
    this.#stamp.touch();
    return this.#table(goals.get(name)!);
  }

  async remove(name: string, _directory: boolean, { subject }: Request): Promise<void> {
    if (this.#fixed.has(name)) throw new Errno('EPERM', `${name} is part of this directory and cannot be removed`);
    await this.#context.agent.goals.remove(name, subject);
    this.#stamp.touch();
  }

  async rename(name: string, _to: Dir, newName: string): Promise<void> {
    if (this.#fixed.has(name)) throw new Errno('EPERM', `${name} is part of this directory and cannot be renamed`);
    await this.#context.agent.goals.rename(name, newName);
    this.#stamp.touch();
  }

  #table(goal: Goal): Table<GoalContext> {
    const known = this.#tables.get(goal);
    if (known) return known;
    const { agent } = this.#context;
    const gone = (): boolean => agent.goals.get(goal.name) !== goal;
    const table = new Table(this.#context.server.world, this.#rows, { ...this.#context, goal }, { gone });
    this.#tables.set(goal, table);
    return table;
  }
}
