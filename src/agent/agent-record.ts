import type { Rest } from './lifecycle.ts';

/** A tick somebody asked for. */
export interface TickRequest {
  readonly reason: string;
  readonly by: string;
}

/** What is stored of an agent in one value. */
export interface AgentRecord {
  readonly id: number;
  name: string;
  model: string;
  /** RFC 3339. */
  readonly created: string;
  state: Rest;
  since: string;
  /** Ticks begun so far. */
  tick: number;
  lastTick?: string;
  lastCause?: string;
  /** Why the last tick failed, or why the agent has. */
  error?: string;
  requests: TickRequest[];
  /** Numbers of the oldest job kept and of the newest made. */
  jobs?: { first: number; last: number };
  /** Ticks that broke one after the other. */
  breaks: number;
  /** Set when it was archived: NAME@TIME. */
  archived?: string;
}
