import type { Call, Turn, Usage } from '../../drivers/model/model.ts';

/**
 * `queued`: its message waits. `running`. `retrying`: it failed in a way that may pass, and waits. `interrupted`: the
 * server ended while it ran, and it waits to be taken again. The others are ends.
 */
export type JobStatus =
  'queued' | 'running' | 'retrying' | 'interrupted' | 'done' | 'failed' | 'expired' | 'cancelled' | 'dropped';

const ends: readonly JobStatus[] = ['done', 'failed', 'expired', 'cancelled', 'dropped'];

export const isEnd = (status: JobStatus): boolean => ends.includes(status);

/** `status`, in the order it is shown. Times are RFC 3339. */
export interface JobHead {
  readonly id: number;
  /** Where it was made with `mkdir`. */
  readonly name?: string | undefined;
  status: JobStatus;
  /** The id of its message, and where that came from. */
  readonly message: string;
  readonly origin: string;
  /** The job whose message, a dead letter since, this one works on again. */
  readonly replays?: number | undefined;
  readonly created: string;
  started?: string | undefined;
  ended?: string | undefined;
  /** Times it was begun, and the newest tick that did. */
  attempts: number;
  tick?: number | undefined;
  turns?: number | undefined;
  /** When it is tried again. */
  retry?: string | undefined;
  /** The id of its answer in the outbox. */
  answer?: string | undefined;
  usage?: Usage | undefined;
  error?: { readonly code: string; readonly reason: string } | undefined;
}

export interface ToolResult {
  readonly started: string;
  /** Absent: it runs. */
  ended?: string;
  output: string;
  failed: boolean;
}

/** The conversation up to here follows from the turns before. */
export interface JobTurn {
  readonly started: string;
  /** Absent: the model speaks. */
  ended?: string;
  text: string;
  calls: readonly Call[];
  usage?: Usage;
  /** Of the calls, in order. */
  readonly results: ToolResult[];
}

export interface JobEvent {
  readonly time: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

/** The rest of what is kept of a job. Turns are those of the newest attempt, events those of all. */
export interface JobBody {
  readonly request: string;
  result?: string;
  model?: string;
  real?: boolean;
  /** What the model was told about itself, cut after its first 8 KiB. */
  system?: string;
  /** Paths of what was perceived, and names of the tools there were. */
  perceived?: readonly string[];
  tools?: readonly string[];
  turns: JobTurn[];
  readonly events: JobEvent[];
}

/** The conversation as the model was shown it for the turn of this number, which counts from 1. */
export const messagesOf = ({ request, turns }: JobBody, turn: number): Turn[] => [
  { role: 'user', text: request },
  ...turns.slice(0, turn - 1).flatMap(({ text, calls, results }): Turn[] => [
    { role: 'assistant', text, calls },
    {
      role: 'user',
      text: '',
      results: results.map(({ output, failed }, index) => ({ id: calls[index]!.id, output, failed })),
    },
  ]),
];
