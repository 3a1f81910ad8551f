import test from 'ava';
import { defaults, viewNames, viewOf, views } from '../../../src/agent/settings/views.ts';

const given: Partial<Record<keyof typeof views, readonly string[]>> = {
  tools: ['', 'bash\nfile_*\n', '# none of them\n'],
  wake: ['manual', '  manual # until it is tested\r\n', ''],
  loop: ['max_turns 4\n', 'batch\t8\n\n# few\nmax_turns 1\n'],
  idle: ['never\n', '1h30m', '2d3h4m5s6ms'],
  limits: ['inbox 5\noverflow drop-oldest\n', 'jobs_age 36h\njobs 1\ndead 1\nnotes 1\ngoals 1\nschedules 1\n'],
  network: ['off', 'open', 'open\nallow 10.0.0.1:80\n', 'allow Example.ORG:443\nallow [::1]:5640 # ours\n'],
  sandbox: ['off', 'require\ntime 10s\nmemory 2GiB\noutput 64KiB\n'],
  permissions: ['', 'allow bash git *\nask publish *\n  deny * a # b\n'],
  autonomy: ['full', 'readonly'],
  redact: ['off', 'pattern sk-[a-z]+ # x\non\npattern a b\n'],
  budget: ['day 5 USD\n', 'tick 250000\ntick 10000 tokens\ntick 90s\nday unlimited\nask 0.000001 USD\n', ''],
};

for (const name of viewNames) {
  test(`${name}: what is formatted parses to the same, and as data too`, (t) => {
    const view = viewOf(name);
    t.deepEqual(view.fallback, defaults[name]);
    const values = [view.fallback, ...(given[name] ?? []).map((text) => view.parse(text))];
    for (const value of values) {
      const text = view.format(value);
      t.regex(text, /^(.*\S\n)+$/);
      t.deepEqual(view.parse(text), value, text);
      t.is(view.format(view.parse(text)), text);
      t.is(view.format(view.parse(text.replaceAll('\n', '\r\n'))), text);
      const lines = view.lines(view.data(value));
      t.deepEqual(view.parse(lines.map((line) => line.text).join('\n')), value);
    }
  });
}
