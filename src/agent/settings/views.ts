import { budget } from './budget.ts';
import { duration, fields, integer, oneOf, single } from './fields.ts';
import { network } from './network.ts';
import { permissions } from './permissions.ts';
import { redact } from './redact.ts';
import { sandbox } from './sandbox.ts';
import { tools } from './tools.ts';
import type { Settings } from './types.ts';
import type { View } from './view.ts';

/** The settings that are lines of a file of their own, each with its grammar and its default. */
export const views = {
  tools,
  wake: single(oneOf(['auto', 'manual'], 'auto')),
  loop: fields({
    max_turns: integer(1, 1_000, 16),
    batch: integer(1, 1_000, 1),
  }),
  idle: single(duration('10m', { never: true })),
  limits: fields({
    inbox: integer(1, 100_000, 1_000),
    overflow: oneOf(['reject', 'drop-oldest', 'deadletter'], 'reject'),
    dead: integer(1, 100_000, 1_000),
    jobs: integer(1, 100_000, 1_000),
    jobs_age: duration('30d'),
    notes: integer(1, 100_000, 10_000),
    goals: integer(1, 10_000, 1_000),
    schedules: integer(1, 1_000, 100),
  }),
  network,
  sandbox,
  permissions,
  autonomy: single(oneOf(['supervised', 'semi', 'full', 'readonly'], 'supervised')),
  redact,
  budget,
} satisfies { readonly [K in keyof Settings]?: View<Settings[K]> };

export type ViewName = keyof typeof views;

/** Where each of them stands below the agent. */
export const viewPaths = {
  tools: 'tools/allow',
  wake: 'policy/wake',
  loop: 'policy/loop',
  idle: 'policy/idle',
  limits: 'policy/limits',
  network: 'policy/network',
  sandbox: 'policy/sandbox',
  permissions: 'policy/permissions',
  autonomy: 'policy/autonomy',
  redact: 'policy/redact',
  budget: 'budget/policy',
} as const satisfies Record<ViewName, string>;

export const viewNames = Object.keys(viewPaths) as ViewName[];

/** One of them, where it does not matter which. */
export const viewOf = (name: ViewName): View<unknown> => views[name];

/** What an agent has of which nothing was ever set. */
export const defaults: Settings = Object.freeze({
  description: '',
  soul: '',
  ...(Object.fromEntries(viewNames.map((name) => [name, viewOf(name).fallback])) as unknown as Pick<
    Settings,
    ViewName
  >),
  schedule: new Map(),
  mcp: new Map(),
  rules: new Map(),
});
