import type { Agent } from '../../agent/agent.ts';
import { MESSAGE } from '../../agent/inbox.ts';
import { Table, type Row } from '../../files/dir.ts';
import { Many } from '../../files/many.ts';
import { New } from '../../files/new.ts';
import { Stream } from '../../files/stream.ts';
import type { Node } from '../../kernel/node.ts';
import type { AgentContext } from './agent-dir.ts';

/** What the files of one job are made of. */
export interface JobContext extends AgentContext {
  /** Its number; 0 while its request is not written. */
  readonly id: () => number;
  /** The name it was made under. */
  readonly name: string | undefined;
}

/** What the files of one turn are made of, and those of one call in it. Both count from 1. */
export interface TurnContext extends JobContext {
  readonly turn: number;
}
export interface CallContext extends TurnContext {
  readonly call: number;
}

const digits = /^[1-9]\d{0,15}$/;

/** The job of a number or a name; undefined where there is none, 0 for one without a request. */
export const jobOf = ({ jobs }: Agent, name: string): number | undefined => {
  if (!digits.test(name)) return jobs.names.of(name);
  return jobs.has(Number(name)) ? Number(name) : undefined;
};

/** A prompt that makes a job, and its number. */
export const newJob = ({ agent, server }: AgentContext): New =>
  new New(server.world, {
    template: `write what is to be done; the answer will be in NUMBER/result:
  exec 3<>new; echo 'what is new?' >&3; cat <&3; exec 3>&-
`,
    limit: MESSAGE,
    room: () => agent.inbox.assertRoom(),
    stage: async (content, by) => {
      const staged = await agent.inbox.stage(content, { origin: by.subject, plain: true });
      return {
        publish: () => {
          agent.inbox.publish(staged);
          return String(staged.message!.job);
        },
        drop: () => agent.inbox.discardStage(staged),
      };
    },
  });

/** What comes and goes by itself is not remembered by whoever caches. */
class JobDir<C> extends Table<C> {
  override readonly cached = false;
}

/** Every job that is kept: by its name where it has one, else by its number, which leads to it in any case. */
export const jobs = (
  context: AgentContext,
  fixed: Readonly<Record<string, Node>>,
  own: readonly Row<AgentContext>[],
  rows: readonly Row<JobContext>[],
): Many => {
  const { agent, server } = context;
  const { jobs: kept } = agent;
  return new Many(
    server.world,
    {
      *names() {
        const names = kept.names.all();
        const named = new Map(Object.entries(names).map(([name, id]) => [id, name]));
        for (const id of kept.ids()) yield named.get(id) ?? String(id);
        for (const [name, id] of Object.entries(names)) if (id === 0) yield name;
      },
      has: (name) => jobOf(agent, name) !== undefined,
      make: (name) => {
        const number = digits.test(name) ? Number(name) : undefined;
        const id = (): number => number ?? kept.names.of(name) ?? 0;
        const known = number === undefined ? name : kept.head(number)?.name;
        const past = (): boolean => (id() > 0 ? id() < kept.range.first : kept.names.of(name) === undefined);
        const gone = (): boolean => agent.gone || past();
        return new JobDir(server.world, rows, { ...context, id, name: known }, { gone });
      },
      mkdir: (name) => kept.names.draft(name),
      remove: (name) => kept.names.drop(name),
    },
    fixed,
    (name) => own.find((row) => row.make && row.name === name),
  );
};

/** One directory a turn of the newest attempt. */
export const turns = (context: JobContext, rows: readonly Row<TurnContext>[]): Many =>
  numbered(
    context,
    () => context.agent.jobs.body(context.id())?.turns.length ?? 0,
    (turn) => ({ ...context, turn }),
    rows,
  );

/** One directory a call of a turn. */
export const calls = (context: TurnContext, rows: readonly Row<CallContext>[]): Many =>
  numbered(
    context,
    () => context.agent.jobs.body(context.id())?.turns[context.turn - 1]?.results.length ?? 0,
    (call) => ({ ...context, call }),
    rows,
  );

const numbered = <C>(
  { agent, server, id }: JobContext,
  many: () => number,
  contextOf: (number: number) => C,
  rows: readonly Row<C>[],
): Many => {
  const has = (name: string): boolean => digits.test(name) && Number(name) <= many();
  return new Many(server.world, {
    *names() {
      for (let number = 1, last = many(); number <= last; number++) yield String(number);
    },
    has,
    make: (name) => {
      const gone = (): boolean => agent.gone || !agent.jobs.has(id()) || !has(name);
      return new JobDir(server.world, rows, contextOf(Number(name)), { gone });
    },
  });
};

/** The jobs that go on, as they do; also one that has ended can be followed to its end. */
export const liveJobs = ({ agent, server: { world } }: AgentContext): Many =>
  new Many(world, {
    names: () => agent.jobs.unfinished().map(String),
    has: (name) => (jobOf(agent, name) ?? 0) > 0,
    make: (name) => new Stream(world, () => agent.jobs.follow(jobOf(agent, name) ?? 0)),
  });
