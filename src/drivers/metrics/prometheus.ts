import { Counter as PromCounter, Gauge, Histogram as PromHistogram, Registry } from 'prom-client';
import type { Counter, Histogram, Metrics, Reading } from './metrics.ts';

/** In a registry of its own: nothing is registered for the whole process, and nothing is measured that is not asked for. */
export class Prometheus implements Metrics {
  readonly #registry = new Registry();

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    const counter = new PromCounter({ name, help, labelNames: [...labels], registers: [this.#registry] });
    return { add: (values) => counter.inc({ ...values }) };
  }

  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const histogram = new PromHistogram({ name, help, buckets: [...bounds], registers: [this.#registry] });
    return { observe: (value) => histogram.observe(value) };
  }

  read(name: string, help: string, read: () => readonly Reading[], type: 'gauge' | 'counter' = 'gauge'): void {
    const registers = [this.#registry];
    const labelNames = Object.keys(read()[0]?.labels ?? {});
    if (type === 'gauge') {
      new Gauge({
        ...{ name, help, labelNames, registers },
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.set({ ...labels }, value);
        },
      });
      return;
    }
    new PromCounter({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.inc({ ...labels }, value);
      },
    });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
