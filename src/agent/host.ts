import type { Clock } from '../drivers/clock/clock.ts';
import type { Operation, Store } from '../drivers/store/store.ts';
import type { Models, Perceived } from '../drivers/model/model.ts';
import type { Agent } from './agent.ts';
import type { Identities } from './identities.ts';
import type { Perceiving } from './perceive.ts';
import type { Work } from './checkpoint/work.ts';
import type { Ids } from './ids.ts';
import type { Journal } from './journal.ts';
import type { Meters } from './meters.ts';
import type { Staging } from './staging.ts';
import type { Tools } from './tools.ts';

/** What changed, for whoever shows the agents to somebody. Told after the change, before anybody else can act on it. */
export type Change =
  | { readonly type: 'agent'; readonly change: 'added' | 'removed'; readonly agent: Agent }
  /** It left the cache: it goes from memory when nobody holds it, so whoever caches its files lets go of them. */
  | { readonly type: 'agent'; readonly change: 'evicted'; readonly agent: Agent }
  /** It is what it was at a checkpoint; `was` stands for it no more. */
  | { readonly type: 'agent'; readonly change: 'restored'; readonly agent: Agent; readonly was: Agent }
  | { readonly type: 'agent'; readonly change: 'renamed'; readonly agent: Agent; readonly from: string }
  | {
      readonly type: 'message';
      readonly change: 'added' | 'removed' | 'changed';
      readonly agent: Agent;
      readonly name: string;
    }
  | { readonly type: 'outbox'; readonly change: 'added' | 'removed'; readonly agent: Agent; readonly name: string }
  | { readonly type: 'dead'; readonly change: 'added' | 'removed'; readonly agent: Agent; readonly name: string }
  | { readonly type: 'tick'; readonly change: 'added' | 'removed'; readonly agent: Agent; readonly tick: number }
  /** `path` is below `memory/notes`; a directory's ends in '/'. */
  | {
      readonly type: 'note';
      readonly change: 'added' | 'removed' | 'changed';
      readonly agent: Agent;
      readonly path: string;
    }
  /** Paths of the views that show something else now, `manifest` first. */
  | { readonly type: 'settings'; readonly agent: Agent; readonly paths: readonly string[] }
  /** Anything a status shows. */
  | { readonly type: 'status'; readonly agent: Agent }
  /** `agent` is absent for the root's. */
  | { readonly type: 'error'; readonly agent?: Agent };

/** What the parts of an agent need from where they live. */
export interface Host {
  readonly store: Store;
  readonly clock: Clock;
  readonly models: Models;
  readonly tools: Tools;
  readonly ids: Ids;
  readonly staging: Staging;
  readonly meters: Meters;
  readonly identities: Identities;
  readonly work: Work;
  /** One batch with what waits in the server's log. */
  commit(operations: readonly Operation[], journals: readonly Journal[], options?: { sync?: boolean }): Promise<void>;
  /** A record of the server's log. */
  event(type: string, agent: string, fields?: object): void;
  emit(change: Change): void;
  /** Work nobody waits for: a failure is told in the errors of the agent, and the end of the server waits for it. */
  background(agent: Agent | undefined, work: Promise<unknown>): void;
  /** The agent may have something to do. */
  ready(agent: Agent): void;
  /** What an agent perceives besides the message. */
  perceive(context: Perceiving): Promise<Perceived[]>;
  /** Something of a schedule comes due at this time (milliseconds), and stands in the queue on disk. */
  due(time: number): void;
  /** By name, or by number; it is brought into memory and not woken. Undefined when there is none. */
  load(which: string | number): Promise<Agent | undefined>;
  /** The agent is in use. What it keeps in memory only until a later commit is safe as long as this is told of each change. */
  keep(agent: Agent): void;
}
