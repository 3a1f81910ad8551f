import { Errno } from '../../kernel/errno.ts';
import { operator, type Subject } from '../../kernel/subject.ts';
import { applied, MANIFEST, readManifest, type ManifestChecks } from './manifest.ts';
import { checkSoul, ended } from './plain.ts';
import { textOf, type SettingsRecord } from './record.ts';
import { checkSchedule } from './schedule.ts';
import { viewNames, viewOf, viewPaths } from './views.ts';

/** The settings, and the model, which stands in the row of the agent. */
export interface State {
  readonly record: SettingsRecord;
  readonly model: string;
}

/** A change that was validated: what it makes of whatever is there when it acts. */
export type Patch = (state: State) => State;

export const manifestPath = 'manifest';
export const soulPath = 'identity/soul';
const schedulePrefix = 'schedule/';

export const schedulePath = (name: string): string => schedulePrefix + name;

/** Bytes of a document by its path. */
export const limitOf = (path: string): number => (path === manifestPath ? MANIFEST : 64 * 1024 * 2);

export interface PatchContext extends ManifestChecks {
  readonly by: Subject;
  /** The model of an agent whose manifest names none. */
  readonly firstModel: string;
}

/** What a document written under a path changes. EINVAL with the line; ENOENT where no setting has that path. */
export const readPatch = async (path: string, text: string, context: PatchContext): Promise<Patch> => {
  if (path === manifestPath) {
    const manifest = await readManifest(text, context);
    return ({ record }) => ({
      record: withAuthors(record, applied(record, manifest), context.by),
      model: manifest.model ?? context.firstModel,
    });
  }
  if (path === soulPath) {
    checkSoul(text);
    return (state) => ({ ...state, record: withSoul(state.record, ended(text)) });
  }
  if (path.startsWith(schedulePrefix)) {
    const name = path.slice(schedulePrefix.length);
    checkSchedule(name, text);
    return scheduled(name, ended(text), context.by);
  }
  const name = viewNames.find((known) => viewPaths[known] === path);
  if (!name) throw new Errno('ENOENT', `no setting '${path}'`);
  const view = viewOf(name);
  const shown = view.format(view.parse(text));
  // What says no more than the default is not kept, unless somebody took the trouble to say it.
  const kept = text.trim() === '' && shown === view.format(view.fallback) ? undefined : ended(text);
  return (state) => {
    const { [name]: _, ...others } = state.record.texts;
    return { ...state, record: { ...state.record, texts: kept === undefined ? others : { ...others, [name]: kept } } };
  };
};

const withSoul = ({ soul: _, ...record }: SettingsRecord, soul: string): SettingsRecord =>
  soul === '' ? record : { ...record, soul };

/** A schedule that is written; with `text` undefined one that is removed. */
export const scheduled =
  (name: string, text: string | undefined, by: Subject): Patch =>
  (state) => {
    const { schedule = [], ...record } = state.record;
    const others = schedule.filter(([other]) => other !== name);
    const next = text === undefined ? others : [...others, [name, text] as const].sort(([a], [b]) => (a < b ? -1 : 1));
    const made = next.length > 0 ? { ...record, schedule: next } : record;
    return { ...state, record: withAuthors(state.record, made, by) };
  };

/** Whoever changed a schedule is its author; one that says what it said keeps the author it had. */
const withAuthors = (before: SettingsRecord, { by: _, ...after }: SettingsRecord, by: Subject): SettingsRecord => {
  const known = new Map(before.schedule);
  const authors = (after.schedule ?? []).flatMap(([name, text]): [string, Subject][] => {
    const author = known.get(name) === text ? authorOf(before, name) : by;
    return author.tier === 'operator' ? [] : [[name, author]];
  });
  return authors.length > 0 ? { ...after, by: Object.fromEntries(authors) } : after;
};

export const authorOf = ({ by = {} }: SettingsRecord, name: string): Subject =>
  Object.hasOwn(by, name) ? by[name]! : operator;

/** The paths of the settings two states differ in, `manifest` first if any. */
export const differences = (before: State, after: State): string[] => {
  const paths: string[] = [];
  for (const name of viewNames) {
    if (textOf(before.record, name) !== textOf(after.record, name)) paths.push(viewPaths[name]);
  }
  if (before.record.soul !== after.record.soul) paths.push(soulPath);
  const [old, young] = [new Map(before.record.schedule), new Map(after.record.schedule)];
  for (const name of new Set([...old.keys(), ...young.keys()])) {
    if (old.get(name) !== young.get(name)) paths.push(schedulePath(name));
  }
  const rest = ({ record: { description, mcp, rules }, model }: State): string =>
    JSON.stringify([description, mcp, rules, model]);
  return paths.length > 0 || rest(before) !== rest(after) ? [manifestPath, ...paths] : [];
};
