import type { Usage } from '../drivers/model/model.ts';

export type Phase = 'WAKE' | 'LOAD' | 'PERCEIVE' | 'THINK' | 'ACT' | 'REMEMBER' | 'SCHEDULE' | 'SLEEP';

/** What became of a message, and of the tick that took it. */
export type Outcome = 'answered' | 'noted' | 'nothing to do' | 'expired' | 'failed' | 'cancelled' | 'interrupted';

/** What became of one message of a tick. */
export interface Worked {
  /** Its number. */
  readonly job: number;
  readonly message: string;
  readonly outcome: Outcome;
  /** The id of the answer in the outbox. */
  readonly answer?: string | undefined;
  readonly usage?: Usage | undefined;
  readonly error?: { readonly code: string; readonly reason: string } | undefined;
  /** When it is tried again. */
  readonly retry?: string | undefined;
}

/** `logs/ticks/N.json`. Of a tick that took several messages, the members of `Worked` are those of the last that did not go well, else of the last. */
export interface TickRecord extends Partial<Worked> {
  readonly tick: number;
  readonly cause: string;
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  readonly started: string;
  readonly ended: string;
  readonly outcome: Outcome;
  readonly model: string;
  /** Present when there were several. */
  readonly messages?: readonly Worked[];
  /** The phases that were gone through, with the time each began. */
  readonly phases: readonly { readonly phase: Phase; readonly time: string }[];
}

/** Left in the store while a model is asked, so that a start after a crash knows what was going on. */
export interface RunMark {
  readonly tick: number;
  readonly cause: string;
  readonly started: string;
  /** Names. */
  readonly messages: readonly string[];
}
