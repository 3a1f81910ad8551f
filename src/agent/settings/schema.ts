import { viewOf, viewNames, type ViewName } from './views.ts';

const text = { type: 'string' } as const;
const named = '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$';
const texts = {
  type: 'object',
  propertyNames: { type: 'string', pattern: named },
  additionalProperties: text,
} as const;

/** Views that are members of the manifest themselves; all others are members of `policy`. */
export const memberViews = ['tools', 'budget'] as const satisfies readonly ViewName[];
export const policyViews = viewNames.filter((name) => !(memberViews as readonly ViewName[]).includes(name));

/** Of the manifest, as JSON schema. What a policy line means is not here: the grammars of its file say it. */
export const manifestSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: text,
    description: text,
    model: text,
    soul: text,
    tools: viewOf('tools').schema,
    policy: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(policyViews.map((name) => [name, viewOf(name).schema])),
    },
    budget: viewOf('budget').schema,
    schedule: texts,
    mcp: {
      type: 'object',
      propertyNames: { type: 'string', pattern: named },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          command: { type: 'string', minLength: 1 },
          args: { type: 'array', items: text, maxItems: 100 },
          env: {
            type: 'object',
            propertyNames: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]{0,99}$' },
            additionalProperties: text,
          },
          url: { type: 'string', pattern: '^https?://[^\\s]+$' },
          unsandboxed: { type: 'boolean' },
        },
      },
    },
    rules: texts,
  },
} as const;
