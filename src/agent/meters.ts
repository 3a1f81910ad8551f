import type { Counter, Histogram, Metrics } from '../drivers/metrics/metrics.ts';

/** Upper ends of the buckets, in seconds: from a tick without a model to one that thinks for minutes. */
const BOUNDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Samples of a latency that are kept. */
const SAMPLES = 256;
/** Acts are counted by ten seconds, for an hour. */
const SLOT = 10_000;
const SLOTS = 360;
const MINUTE = 60_000 / SLOT;

/** What a server counts of all its agents. Without a collector it counts nothing. */
export class Meters {
  readonly #ticks: Counter | undefined;
  readonly #events: Counter | undefined;
  readonly #acts: Counter | undefined;
  readonly #duration: Histogram | undefined;
  readonly #wait: Histogram | undefined;

  constructor(metrics: Metrics | undefined) {
    this.#ticks = metrics?.counter('weft_ticks_total', 'Ticks that ended, by outcome.', ['outcome']);
    this.#events = metrics?.counter('weft_events_total', 'Records of the log, by type.', ['type']);
    this.#acts = metrics?.counter('weft_acts_total', 'Acts of agents, by kind.', ['kind']);
    this.#duration = metrics?.histogram('weft_tick_duration_seconds', 'From WAKE to the commit.', BOUNDS);
    const says = 'From the publishing of a message to the start of the tick that takes it.';
    this.#wait = metrics?.histogram('weft_message_wait_seconds', says, BOUNDS);
  }

  event(type: string, { outcome }: { outcome?: string }): void {
    this.#events?.add({ type });
    if (type === 'tick.ended' && outcome !== undefined) this.#ticks?.add({ outcome });
  }

  /** Of an agent: a tick was over after so many milliseconds. */
  ticked(meter: Meter, ms: number): void {
    meter.ticks.add(ms);
    this.#duration?.observe(ms / 1000);
  }

  /** Of an agent: a message had waited for so many milliseconds when its tick began. */
  waited(meter: Meter, ms: number): void {
    meter.waits.add(ms);
    this.#wait?.observe(ms / 1000);
  }

  /** Of an agent: it asked a model, or used a tool. `now`: milliseconds. */
  acted(meter: Meter, kind: string, now: number): void {
    meter.acts.add(now);
    this.#acts?.add({ kind });
  }
}

/** What is counted of one agent since it came into memory. */
export class Meter {
  readonly ticks = new Samples();
  readonly waits = new Samples();
  readonly acts = new Rate();
}

/** The newest samples of something, in milliseconds. */
export class Samples {
  #ring: Float64Array | undefined;
  #count = 0;

  add(value: number): void {
    this.#ring ??= new Float64Array(SAMPLES);
    this.#ring[this.#count++ % SAMPLES] = value;
  }

  /** How many there are to look at. */
  get size(): number {
    return Math.min(this.#count, SAMPLES);
  }

  /** The smallest that so many in a hundred are not above; undefined without samples. */
  percentile(percent: number): number | undefined {
    const sorted = this.#ring?.slice(0, this.size).sort();
    return sorted?.[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  }
}

/** How often something happened lately. */
export class Rate {
  #slots: Uint32Array | undefined;
  /** The slot of the newest. */
  #last = 0;

  add(now: number): void {
    this.#slots ??= new Uint32Array(SLOTS);
    this.#advance(now);
    this.#slots[this.#last % SLOTS]!++;
  }

  /** In the last minute, and a minute on average of the last hour; to ten seconds. */
  perMinute(now: number): { minute: number; hour: number } {
    this.#advance(now);
    const sum = (slots: number): number => {
      let total = 0;
      for (let back = 0; back < slots; back++) total += this.#slots?.[(this.#last - back + SLOTS) % SLOTS] ?? 0;
      return total;
    };
    return { minute: sum(MINUTE), hour: sum(SLOTS) / 60 };
  }

  /** What is over is forgotten. A clock that was set back counts into the newest slot. */
  #advance(now: number): void {
    const slot = Math.floor(now / SLOT);
    const passed = Math.min(slot - this.#last, SLOTS);
    for (let ahead = 1; ahead <= passed; ahead++) if (this.#slots) this.#slots[(slot - passed + ahead) % SLOTS] = 0;
    this.#last = Math.max(this.#last, slot);
  }
}
