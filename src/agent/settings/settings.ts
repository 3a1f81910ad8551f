import { Errno } from '../../kernel/errno.ts';
import { nameOf, type Subject } from '../../kernel/subject.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { put } from '../../drivers/store/store.ts';
import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';
import { settingsKey } from '../keys.ts';
import { decode } from '../text.ts';
import { formatManifest, MANIFEST } from './manifest.ts';
import {
  authorOf,
  differences,
  limitOf,
  manifestPath,
  readPatch,
  scheduled,
  schedulePath,
  soulPath,
  type Patch,
  type State,
} from './patch.ts';
import { emptyRecord, settingsOf, textOf, type SettingsRecord } from './record.ts';
import type { Limits, Loop, Settings } from './types.ts';
import { defaults, viewNames, viewPaths } from './views.ts';

/** A manifest of so many characters is kept as it was shown, because a look at a directory asks for its size. */
const KEPT = 8_192;

export interface SettingsStage {
  readonly patch: Patch;
  readonly by: Subject;
  readonly key?: string;
  state: 'staged' | 'published' | 'discarded';
}

/** Where the document of a stage goes, and for which name its manifest was written. */
interface StageMeta {
  readonly path: string;
  readonly by: Subject;
  readonly name: string;
}

/**
 * What is set of an agent: one record, of which `manifest`, `policy/*`, `tools/allow`, `budget/policy`, `identity/soul` and
 * `schedule/*` are views, each by its path. A change of one is a change of all, in one commit.
 */
export class AgentSettings {
  readonly #agent: Agent;
  readonly #host: Host;
  #record: SettingsRecord = emptyRecord;
  #settings: Settings = defaults;
  /** The manifest as it was last shown. */
  #shown:
    | { readonly record: SettingsRecord; readonly name: string; readonly model: string; readonly text: string }
    | undefined;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  /** EBADMSG for a record that does not hold. */
  load(): void {
    const stored = this.#host.store.get(settingsKey(this.#agent.id));
    if (!stored) return;
    try {
      const record = JSON.parse(Buffer.from(stored).toString()) as SettingsRecord;
      this.#settings = settingsOf(record);
      this.#record = record;
    } catch (cause) {
      throw new Errno('EBADMSG', `the settings of '${this.#agent.name}': ${(cause as Error).message}`, { cause });
    }
  }

  /** All of it, with defaults filled in. The same object until something is set. */
  get(): Settings {
    return this.#settings;
  }

  get wake(): Settings['wake'] {
    return this.#settings.wake;
  }

  get loop(): Loop {
    return this.#settings.loop;
  }

  /** Milliseconds; Infinity: it does not hibernate by itself. */
  get idle(): number {
    return this.#settings.idle;
  }

  get limits(): Limits {
    return this.#settings.limits;
  }

  get soul(): string {
    return this.#settings.soul;
  }

  /** Who wrote `schedule/NAME` as it is. */
  authorOf(name: string): Subject {
    return authorOf(this.#record, name);
  }

  /** What a read of the view at a path shows. ENOENT where there is none. */
  content(path: string): string {
    if (path === manifestPath) return this.#manifest();
    if (path === soulPath) return this.#settings.soul;
    const name = viewNames.find((known) => viewPaths[known] === path);
    if (name) return textOf(this.#record, name);
    const text = this.#settings.schedule.get(path.replace(/^schedule\//, ''));
    if (text === undefined || !path.startsWith('schedule/')) throw new Errno('ENOENT', `no setting '${path}'`);
    return text;
  }

  /** When the view at a path was last set, in milliseconds. */
  changedAt(path: string): number {
    const { changed } = this.#record;
    return Object.hasOwn(changed, path) ? changed[path]! : Date.parse(this.#agent.record.created);
  }

  /**
   * Validates what was written to the view at a path and makes it durable, without effect. EINVAL with the line, EFBIG,
   * ENOSPC, ENOENT.
   */
  async stage(path: string, bytes: Uint8Array, by: Subject): Promise<SettingsStage> {
    const patch = await this.#read(path, bytes, by);
    const meta: StageMeta = { path, by, name: this.#agent.name };
    const key = await this.#host.staging.put({ agent: this.#agent.id, kind: 'settings', meta }, bytes);
    return { patch, by, key, state: 'staged' };
  }

  async discardStage(stage: SettingsStage): Promise<void> {
    if (stage.state !== 'staged') return;
    stage.state = 'discarded';
    if (stage.key !== undefined) await this.#host.store.batch([this.#host.staging.end(stage.key)]);
  }

  /** It holds when this returns; the disk follows, and the stage stands for it meanwhile. ESTALE, EFBIG, ENOSPC. */
  publish(stage: SettingsStage): void {
    if (stage.state !== 'staged') return;
    try {
      const { patch, by, key } = stage;
      const { committed } = this.#apply(patch, by, key);
      stage.state = 'published';
      this.#host.background(this.#agent, committed);
    } catch (error) {
      this.#host.background(this.#agent, this.discardStage(stage));
      throw error;
    }
  }

  /** Stage and publish in one: resolves when it is on disk, and has no effect when it fails. */
  async write(path: string, bytes: Uint8Array, by: Subject): Promise<void> {
    await this.#now(await this.#read(path, bytes, by), by);
  }

  /** ENOENT. */
  async removeSchedule(name: string, by: Subject): Promise<void> {
    if (!this.#settings.schedule.has(name)) throw new Errno('ENOENT', `no schedule '${name}'`);
    await this.#now(scheduled(name, undefined, by), by);
  }

  /** What stood under the new name goes. ENOENT, EINVAL. */
  async renameSchedule(from: string, to: string, by: Subject): Promise<void> {
    const text = this.#settings.schedule.get(from);
    if (text === undefined) throw new Errno('ENOENT', `no schedule '${from}'`);
    if (from === to) return;
    const written = await this.#read(schedulePath(to), Buffer.from(text), by);
    await this.#now((state) => written(scheduled(from, undefined, by)(state)), by);
  }

  /** A stage an earlier run left. */
  async recover(key: string, meta: object, bytes: Uint8Array): Promise<void> {
    const { path, by, name } = meta as StageMeta;
    let committed: Promise<void>;
    try {
      ({ committed } = this.#apply(await this.#read(path, bytes, by, name), by, key));
    } catch (error) {
      this.#agent.refused(path, error);
      committed = this.#host.store.batch([this.#host.staging.end(key)]);
    }
    await committed;
  }

  async #now(patch: Patch, by: Subject): Promise<void> {
    const { committed, revert } = this.#apply(patch, by);
    try {
      await committed;
    } catch (error) {
      revert();
      throw error;
    }
  }

  async #read(path: string, bytes: Uint8Array, by: Subject, name = this.#agent.name): Promise<Patch> {
    const limit = limitOf(path);
    if (bytes.length > limit) throw new Errno('EFBIG', `more than ${limit} bytes`);
    const patch = await readPatch(path, decode(bytes), {
      by,
      firstModel: this.#host.models.first.name,
      name: (other) => {
        if (other !== name) throw new Errno('EINVAL', `this agent is '${name}'; to rename it use mv`);
      },
      model: (model) => void this.#host.models.get(model),
    });
    this.#assertFits(patch(this.#state));
    return patch;
  }

  get #state(): State {
    return { record: this.#record, model: this.#agent.record.model };
  }

  #assertFits({ record, model }: State): void {
    const { size } = new Map(record.schedule);
    const { schedules } = settingsOf(record).limits;
    if (size > schedules) throw new Errno('ENOSPC', `${size} schedules: policy/limits says at most ${schedules}`);
    // Aliases make much of little: what is far too much is not even rendered.
    const most = 4 * MANIFEST;
    const stored = JSON.stringify(record).length;
    const whole = stored > most ? stored : Buffer.byteLength(formatManifest(record, this.#agent.name, model));
    if (whole > MANIFEST)
      throw new Errno('EFBIG', `all settings together would have ${whole} bytes: at most ${MANIFEST}`);
  }

  /** For a replay: as its record has it. */
  async restore(recorded: { model: string; settings: SettingsRecord }, by: Subject): Promise<void> {
    await this.#apply(() => ({ record: recorded.settings, model: recorded.model }), by).committed;
  }

  #apply(patch: Patch, by: Subject, key?: string): { committed: Promise<void>; revert: () => void } {
    const agent = this.#agent;
    if (agent.gone) throw new Errno('ESTALE', `the agent '${agent.name}' is gone`);
    const before = this.#state;
    const next = patch(before);
    this.#assertFits(next);
    const paths = differences(before, next);
    const ended = key === undefined ? [] : [this.#host.staging.end(key)];
    if (paths.length === 0) return { committed: this.#host.commit(ended, []), revert: () => undefined };
    const now = this.#host.clock.now();
    const record = { ...next.record, changed: stamped(next.record, paths, now) };
    this.#become({ record, model: next.model }, paths);
    const followed = agent.schedules.follow(this.#settings.schedule);
    const fields = { changed: paths, by: nameOf(by) };
    agent.trajectory.append({
      time: timeText(now),
      tick: agent.record.tick,
      cause: 'settings',
      type: 'settings',
      ...fields,
      // All of it, so that a replay has it too.
      model: next.model,
      settings: { ...record, changed: {} },
    });
    this.#host.event('settings.changed', agent.name, fields);
    const stored = put(settingsKey(agent.id), Buffer.from(JSON.stringify(record)));
    const operations = [stored, ...followed.operations, ...ended, agent.save()];
    return {
      committed: this.#host.commit(operations, agent.journals).then(followed.done),
      revert: () => {
        if (this.#record !== record) return;
        this.#become(before, paths);
        followed.revert();
      },
    };
  }

  #become({ record, model }: State, paths: readonly string[]): void {
    this.#record = record;
    this.#settings = settingsOf(record);
    this.#agent.record.model = model;
    this.#host.emit({ type: 'settings', agent: this.#agent, paths });
    this.#agent.changed();
    this.#host.ready(this.#agent);
  }

  #manifest(): string {
    const { name, record: row } = this.#agent;
    const { model } = row;
    const shown = this.#shown;
    if (shown && shown.record === this.#record && shown.name === name && shown.model === model) return shown.text;
    const text = formatManifest(this.#record, name, model);
    if (text.length <= KEPT) this.#shown = { record: this.#record, name, model, text };
    return text;
  }
}

/** The time of what changed; of a schedule that is gone there is none. */
const stamped = (
  { changed, schedule }: SettingsRecord,
  paths: readonly string[],
  now: number,
): Record<string, number> => {
  const names = new Map(schedule);
  const entries = [...Object.entries(changed), ...paths.map((path) => [path, now] as const)];
  return Object.fromEntries(entries.filter(([path]) => !path.startsWith('schedule/') || names.has(path.slice(9))));
};
