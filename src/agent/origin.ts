import { nameOf, type Subject } from '../kernel/subject.ts';

/** What an agent gives itself to do at a time, or until it is done: by whom it was written, and its name. */
interface Own {
  readonly name: string;
  readonly by: Subject;
}

/** Where a message comes from. The server says so, never the message. */
export type Origin =
  | Exclude<Subject, { readonly tier: 'agent' }>
  /** `id`: the number of the agent, which it keeps when it is renamed. */
  | { readonly tier: 'agent'; readonly name: string; readonly id?: number }
  | { readonly tier: 'npub'; readonly npub: string }
  | ({ readonly tier: 'schedule' } & Own)
  | ({ readonly tier: 'goal' } & Own);

/** For the trajectory: without the number, which means nothing to who reads it on another server. */
export const bare = (origin: Origin): Origin =>
  origin.tier === 'agent' ? { tier: 'agent', name: origin.name } : origin;

/** As it stands in `Origin` and in records: `operator`, `agent:ada`, `npub1...`, `schedule`, `goal`. */
export const originText = (origin: Origin): string => {
  if (origin.tier === 'npub') return origin.npub;
  return origin.tier === 'schedule' || origin.tier === 'goal' ? origin.tier : nameOf(origin);
};

/** The name a message comes from and an answer goes to; of a schedule or a goal its path in the agent. */
export const senderOf = (origin: Origin): string => {
  switch (origin.tier) {
    case 'agent':
      return origin.name;
    case 'npub':
      return origin.npub;
    case 'schedule':
      return `schedule/${origin.name}`;
    case 'goal':
      return `goals/${origin.name}`;
    default:
      return origin.tier;
  }
};

/**
 * 0 to 1: how far an origin may be believed. A schedule or a goal is a plan, and as good as whoever wrote it: what an
 * agent plans for itself is believed no more than what an agent says.
 */
export const trustOf = (origin: Origin): number => {
  switch (origin.tier) {
    case 'operator':
      return 1;
    case 'schedule':
    case 'goal':
      return Math.min(0.9, trustOf(origin.by));
    case 'agent':
      return 0.5;
    case 'npub':
      return 0.4;
    default:
      return 0;
  }
};
