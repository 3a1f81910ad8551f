/** A value of a family, with the labels that tell it from the others. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Counter {
  /** One more. */
  add(labels?: Readonly<Record<string, string>>): void;
}

export interface Histogram {
  /** Seconds. */
  observe(value: number): void;
}

/** Figures of a server for a collector. Names are as Prometheus has them: `weft_ticks_total`, base units, no units of scale. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  /** `bounds`: the upper ends of its buckets, in seconds. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** A figure that is asked for when somebody looks; `counter`: it only grows. */
  read(name: string, help: string, read: () => readonly Reading[], type?: 'gauge' | 'counter'): void;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
}
