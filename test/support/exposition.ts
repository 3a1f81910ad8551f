/** A family of the text format of Prometheus. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** By name and labels as they are written. */
  readonly samples: ReadonlyMap<string, number>;
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const labels = '(?:\\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*",?)*\\})?';
const number = '[-+]?(?:[0-9]+(?:\\.[0-9]+)?(?:e[-+]?[0-9]+)?|Inf)|NaN';
const sample = new RegExp(`^(${name})(${labels}) (${number})$`);

/**
 * Reads it strictly, as https://prometheus.io/docs/instrumenting/exposition_formats/ has it: HELP and TYPE before the samples of a
 * family, families in one piece, no sample twice, buckets that add up. Throws where it is anything else.
 */
export const exposition = (text: string): Map<string, Family> => {
  const families = new Map<string, Family & { samples: Map<string, number> }>();
  let current: string | undefined;
  let help: [string, string] | undefined;
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.slice(0, -1).split('\n')) {
    const told = new RegExp(`^# (HELP|TYPE) (${name}) (.+)$`).exec(line);
    if (line === '') continue;
    if (told?.[1] === 'HELP') help = [told[2]!, told[3]!];
    else if (told) {
      if (!help || help[0] !== told[2]) throw new Error(`no HELP before ${line}`);
      if (!['counter', 'gauge', 'histogram'].includes(told[3]!)) throw new Error(line);
      if (families.has(told[2])) throw new Error(`${told[2]} comes twice`);
      families.set((current = told[2]!), { type: told[3]!, help: help[1], samples: new Map() });
    } else {
      const [, of, with_, value] = sample.exec(line) ?? [];
      const family = families.get(current ?? '');
      if (of === undefined || !family) throw new Error(`not a sample: ${line}`);
      const suffix = family.type === 'histogram' ? /^_(bucket|sum|count)$/ : /^$/;
      if (!of.startsWith(current!) || !suffix.test(of.slice(current!.length))) throw new Error(`of no family: ${line}`);
      if (family.type === 'counter' && !/_total$/.test(of)) throw new Error(`a counter is named so: ${line}`);
      if (family.samples.has(of + with_!)) throw new Error(`twice: ${line}`);
      family.samples.set(of + with_!, Number(value!.replace('Inf', 'Infinity')));
    }
  }
  for (const [of, { type, samples }] of families) if (type === 'histogram') buckets(of, samples);
  return families;
};

const buckets = (of: string, samples: ReadonlyMap<string, number>): void => {
  let [before, bound] = [0, -Infinity];
  for (const [key, value] of samples) {
    const le = /^.*_bucket\{le="([^"]+)"\}$/.exec(key)?.[1];
    if (le === undefined) continue;
    const next = le === '+Inf' ? Infinity : Number(le);
    if (!(next > bound) || value < before) throw new Error(`${of}: buckets do not grow`);
    [before, bound] = [value, next];
  }
  if (bound !== Infinity || before !== samples.get(`${of}_count`)) throw new Error(`${of}: no bucket for all`);
};
