import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';
import { settingsKey } from '../keys.ts';
import { emptyRecord, settingsOf, type SettingsRecord } from './record.ts';
import type { Limits, Loop, Settings } from './types.ts';
import { defaults } from './views.ts';

/** What is set of an agent: one record, of which `manifest`, `policy/*` and the others are views. */
export class AgentSettings {
  readonly #agent: Agent;
  readonly #host: Host;
  #record: SettingsRecord = emptyRecord;
  #settings: Settings = defaults;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  load(): void {
    const stored = this.#host.store.get(settingsKey(this.#agent.id));
    if (!stored) return;
    this.#record = JSON.parse(Buffer.from(stored).toString()) as SettingsRecord;
    this.#settings = settingsOf(this.#record);
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
}
