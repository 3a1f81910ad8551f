/** Everything that is set of an agent, with defaults filled in. Durations are milliseconds, money is integer micro-USD. */
export interface Settings {
  /** What it is for, in a sentence or more; may be empty. */
  readonly description: string;
  /** Who it is: stands first in the prompt. At most 20,000 characters; may be empty. */
  readonly soul: string;
  /** What it may use of the tools there are: names, `*` for any number of characters. First in, nothing else matters. */
  readonly tools: readonly string[];
  /** Whether a message makes it tick. */
  readonly wake: 'auto' | 'manual';
  readonly loop: Loop;
  /** How long it stays idle before it hibernates; Infinity: for ever. */
  readonly idle: number;
  readonly limits: Limits;
  readonly network: Network;
  readonly sandbox: Sandbox;
  /** The first that matches decides. */
  readonly permissions: readonly Permission[];
  readonly autonomy: Autonomy;
  readonly redact: Redact;
  readonly budget: Budget;
  /** By name: what stands in `schedule/NAME`. */
  readonly schedule: ReadonlyMap<string, string>;
  /** By name: servers of the Model Context Protocol. */
  readonly mcp: ReadonlyMap<string, McpServer>;
  /** By name: documents whose duties and prohibitions bind it. */
  readonly rules: ReadonlyMap<string, string>;
}

export interface Loop {
  /** Turns of one job. */
  readonly max_turns: number;
  /** Messages a tick takes. */
  readonly batch: number;
}

export type Overflow = 'reject' | 'drop-oldest' | 'deadletter';

export interface Limits {
  /** Messages that may wait, and what happens to one more. */
  readonly inbox: number;
  readonly overflow: Overflow;
  /** Dead letters kept. */
  readonly dead: number;
  /** Jobs kept, and for how long. */
  readonly jobs: number;
  readonly jobs_age: number;
  readonly notes: number;
  readonly goals: number;
  readonly schedules: number;
}

export interface Network {
  /** `allow`: only what is listed. `open`: every public address, and what is listed. */
  readonly mode: 'off' | 'allow' | 'open';
  readonly allow: readonly { readonly host: string; readonly port: number }[];
}

export interface Sandbox {
  readonly mode: 'require' | 'off';
  /** Of one tool call: how long, bytes of memory, bytes of output. */
  readonly time: number;
  readonly memory: number;
  readonly output: number;
}

export interface Permission {
  readonly verdict: 'allow' | 'ask' | 'deny';
  readonly act: string;
  readonly glob: string;
}

export type Autonomy = 'supervised' | 'semi' | 'full' | 'readonly';

export interface Redact {
  readonly on: boolean;
  /** Regular expressions besides what is redacted anyway. */
  readonly patterns: readonly string[];
}

/** What one scope may use; absent: without limit. */
export interface Allowance {
  readonly usd?: number;
  readonly tokens?: number;
  readonly time?: number;
}

export interface Budget {
  readonly call: Allowance;
  readonly tick: Allowance;
  readonly day: Allowance;
  readonly goal: Allowance;
  /** A single act that may cost more is asked about. */
  readonly ask: Allowance;
}

export interface McpServer {
  /** A program and its arguments, or a URL: one of the two. */
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly url?: string;
  /** It runs outside the sandbox. */
  readonly unsandboxed?: boolean;
}
