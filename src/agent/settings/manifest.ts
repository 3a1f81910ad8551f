import { Errno } from '../../kernel/errno.ts';
import { compile, type Check } from '../../drivers/schema/schema.ts';
import { formatYaml, readYaml, type Located } from '../../drivers/yaml/yaml.ts';
import { LineError } from './line.ts';
import { assertPlain, checkDescription, checkSoul, ended } from './plain.ts';
import { valueOf, type SettingsRecord } from './record.ts';
import { checkSchedule } from './schedule.ts';
import { manifestSchema, memberViews, policyViews } from './schema.ts';
import type { McpServer } from './types.ts';
import { viewOf, type ViewName } from './views.ts';

/** Bytes of a manifest, written or read. */
export const MANIFEST = 256 * 1024;

/** A manifest that was understood. What it does not say is absent, and means the default. */
export interface Manifest {
  readonly name?: string;
  readonly model?: string;
  readonly description: string;
  readonly soul: string;
  readonly values: ReadonlyMap<ViewName, unknown>;
  readonly schedule: readonly (readonly [string, string])[];
  readonly mcp: readonly (readonly [string, McpServer])[];
  readonly rules: readonly (readonly [string, string])[];
}

interface Data {
  readonly name?: string;
  readonly description?: string;
  readonly model?: string;
  readonly soul?: string;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly schedule?: Readonly<Record<string, string>>;
  readonly mcp?: Readonly<Record<string, McpServer>>;
  readonly rules?: Readonly<Record<string, string>>;
}

let check: Promise<Check> | undefined;

/** What the manifest is for. Each throws EINVAL with a reason. */
export interface ManifestChecks {
  readonly name?: (name: string) => void;
  readonly model?: (model: string) => void;
}

/** EINVAL with the line, the column and the member. */
export const readManifest = async (text: string, checks: ManifestChecks = {}): Promise<Manifest> => {
  const located = readYaml(text);
  const data = withoutNulls(located.data);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new Errno('EINVAL', `${located.at([])}: a manifest is a map: name, description, model, ...`);
  }
  if ('spec_version' in data) {
    throw new Errno(
      'EINVAL',
      `${located.at([], 'spec_version')}: a manifest of Coop is imported: weft new NAME --from FILE`,
    );
  }
  check ??= compile(manifestSchema).catch((error: unknown) => {
    check = undefined;
    throw error;
  });
  const violation = (await check)(data);
  if (violation) {
    const { path, key, reason } = violation;
    throw new Errno(
      'EINVAL',
      `${located.at(path, key)}: ${[...path, reason].length > 1 ? `${path.join('.')}: ` : ''}${reason}`,
    );
  }
  return understood(data as Data & Record<string, unknown>, located, checks);
};

const understood = (data: Data & Record<string, unknown>, located: Located, checks: ManifestChecks): Manifest => {
  /** Tells where, for a check that does not know. */
  const at = <T>(path: readonly (string | number)[], work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Errno) || error.code !== 'EINVAL') throw error;
      throw new Errno('EINVAL', `${located.at(path)}: ${path.join('.')}: ${error.message}`, { cause: error });
    }
  };
  const values = new Map<ViewName, unknown>();
  const policy = data.policy ?? {};
  const members: [ViewName, readonly string[], unknown][] = [
    ...memberViews.map((name): [ViewName, readonly string[], unknown] => [name, [name], data[name]]),
    ...policyViews.map((name): [ViewName, readonly string[], unknown] => [name, ['policy', name], policy[name]]),
  ];
  for (const [name, path, member] of members) {
    if (member !== undefined) values.set(name, viewValue(name, path, member, located));
  }
  const { name, model, description = '', soul = '' } = data;
  if (name !== undefined) at(['name'], () => checks.name?.(name));
  if (model !== undefined) at(['model'], () => checks.model?.(model));
  at(['description'], () => checkDescription(description));
  at(['soul'], () => checkSoul(soul));
  const schedule = sorted(data.schedule).map(([name, text]) => [name, ended(text)] as const);
  for (const [name, text] of schedule) at(['schedule', name], () => checkSchedule(name, text));
  const rules = sorted(data.rules).map(([name, text]) => [name, ended(text)] as const);
  for (const [name, text] of rules) at(['rules', name], () => assertPlain(text, 'the document'));
  const mcp = sorted(data.mcp);
  for (const [name, server] of mcp) at(['mcp', name], () => checkServer(server));
  return {
    ...(name !== undefined && { name }),
    ...(model !== undefined && { model }),
    description,
    soul: ended(soul),
    values,
    schedule,
    mcp,
    rules,
  };
};

const sorted = <T>(members: Readonly<Record<string, T>> = {}): [string, T][] =>
  Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));

const viewValue = (name: ViewName, path: readonly string[], member: unknown, located: Located): unknown => {
  const lines = viewOf(name).lines(member);
  const refuse = (index: number, reason: string): never => {
    const where = [...path, ...(lines[index]?.path ?? [])];
    throw new Errno('EINVAL', `${located.at(where)}: ${where.join('.')}: ${reason}`);
  };
  lines.forEach(({ text }, index) => {
    if (/[\n\r]/.test(text)) refuse(index, 'it is to be one line');
    if (/^\s*(#|$)/.test(text)) refuse(index, 'a line that says nothing');
  });
  try {
    return viewOf(name).parse(lines.map(({ text }) => text).join('\n'));
  } catch (error) {
    if (error instanceof LineError) return refuse(error.line - 1, error.reason);
    throw error;
  }
};

const checkServer = (server: McpServer): void => {
  if ((server.command === undefined) === (server.url === undefined)) {
    throw new Errno('EINVAL', 'a server has either a command or a url');
  }
  if (server.url !== undefined && (server.args ?? server.env ?? server.unsandboxed) !== undefined) {
    throw new Errno('EINVAL', 'args, env and unsandboxed belong to a command');
  }
  const { command = '', args = [], env = {}, url = '' } = server;
  for (const text of [command, ...args, ...Object.values(env), url]) assertPlain(text, 'it');
};

/** A member without a value says nothing, as `schedule:` alone on its line. */
const withoutNulls = (data: unknown): unknown => {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  const kept = Object.entries(data).filter(([, value]) => value !== null);
  const policy = kept.find(([name]) => name === 'policy')?.[1] as unknown;
  return Object.fromEntries(kept.map(([name, value]) => [name, value === policy ? strip(policy) : value]));
};

const strip = (data: unknown): unknown =>
  typeof data === 'object' && data !== null && !Array.isArray(data)
    ? Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null))
    : data;

/** The record that a manifest makes of the one that is there. Texts whose meaning it does not change stay as written. */
export const applied = (record: SettingsRecord, manifest: Manifest): SettingsRecord => {
  const texts: Partial<Record<ViewName, string>> = {};
  for (const name of [...memberViews, ...policyViews]) {
    const view = viewOf(name);
    const text = view.format(manifest.values.has(name) ? manifest.values.get(name) : view.fallback);
    const present = record.texts[name];
    if (present !== undefined && view.format(valueOf(record, name)) === text) texts[name] = present;
    else if (text !== view.format(view.fallback)) texts[name] = text;
  }
  const { description, soul, schedule, mcp, rules } = manifest;
  return {
    texts,
    ...(description !== '' && { description }),
    ...(soul !== '' && { soul }),
    ...(schedule.length > 0 && { schedule }),
    ...(mcp.length > 0 && { mcp }),
    ...(rules.length > 0 && { rules }),
    changed: record.changed,
  };
};

/** The whole of what is set, as one YAML document; reading it back changes nothing. */
export const formatManifest = (record: SettingsRecord, name: string, model: string): string => {
  const data = (view: ViewName): unknown => viewOf(view).data(valueOf(record, view));
  return formatYaml({
    name,
    description: record.description ?? '',
    model,
    soul: record.soul ?? '',
    tools: data('tools'),
    policy: Object.fromEntries(policyViews.map((view) => [view, data(view)])),
    budget: data('budget'),
    schedule: Object.fromEntries(record.schedule ?? []),
    mcp: Object.fromEntries(record.mcp ?? []),
    rules: Object.fromEntries(record.rules ?? []),
  });
};
