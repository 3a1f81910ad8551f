import type { Subject } from '../../kernel/subject.ts';
import type { McpServer, Settings } from './types.ts';
import { viewNames, viewOf, views, type ViewName } from './views.ts';

/** What is stored of the settings of an agent, in one value. What is absent has its default. */
export interface SettingsRecord {
  /** As somebody wrote them, comments included. */
  readonly texts: Readonly<Partial<Record<ViewName, string>>>;
  readonly description?: string;
  readonly soul?: string;
  readonly schedule?: readonly (readonly [string, string])[];
  readonly mcp?: readonly (readonly [string, McpServer])[];
  readonly rules?: readonly (readonly [string, string])[];
  /** Who wrote a schedule; absent: the operator. */
  readonly by?: Readonly<Record<string, Subject>>;
  /** When each was set last, in milliseconds, by its path below the agent. */
  readonly changed: Readonly<Record<string, number>>;
}

export const emptyRecord: SettingsRecord = { texts: {}, changed: {} };

/** The settings a record stands for. Its texts were parsed before they were stored, so they parse. */
export const settingsOf = (record: SettingsRecord): Settings => ({
  description: record.description ?? '',
  soul: record.soul ?? '',
  ...(Object.fromEntries(viewNames.map((name) => [name, valueOf(record, name)])) as unknown as Pick<
    Settings,
    ViewName
  >),
  schedule: new Map(record.schedule),
  mcp: new Map(record.mcp),
  rules: new Map(record.rules),
});

export const valueOf = (record: SettingsRecord, name: ViewName): unknown => {
  const text = record.texts[name];
  return text === undefined ? views[name].fallback : viewOf(name).parse(text);
};

/** What the file of a view shows: what was written, else the default. */
export const textOf = (record: SettingsRecord, name: ViewName): string =>
  record.texts[name] ?? viewOf(name).format(views[name].fallback);
