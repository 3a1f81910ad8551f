import test from 'ava';
import { readManifest } from '../../../src/agent/settings/manifest.ts';
import { viewNames, viewOf } from '../../../src/agent/settings/views.ts';

/** The same numbers in every run (Park and Miller's generator). */
const numbers = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
};

const words =
  `auto manual never off on open require allow ask deny supervised full inbox overflow reject drop-oldest max_turns batch jobs_age
  tick day call goal USD tokens unlimited pattern time memory output bash * file_* a.b:443 [::1]:80 0.50 1 -1 1e9 10m 1h30m 512MiB # #x
  __proto__ constructor \u200b \0 \ufeff é 😀 \r \t`.split(/\s+/);

test('whatever is written: it is refused with its line, or what is formatted parses to the same', (t) => {
  const random = numbers(7);
  let read = 0;
  for (let round = 0; round < 4_000; round++) {
    const view = viewOf(viewNames[round % viewNames.length]!);
    const lines = Array.from({ length: random(4) }, () =>
      Array.from({ length: 1 + random(3) }, () => words[random(words.length)]).join(random(5) === 0 ? '\t' : ' '),
    );
    const text = lines.join(random(4) === 0 ? '\r\n' : '\n');
    let value: unknown;
    try {
      value = view.parse(text);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      t.is(code, 'EINVAL', JSON.stringify(text));
      t.regex(message, /^line \d+: /);
      continue;
    }
    read++;
    const shown = view.format(value);
    t.deepEqual(view.parse(shown), value, JSON.stringify(text));
    t.is(view.format(view.parse(shown)), shown);
    t.deepEqual(
      view.parse(
        view
          .lines(view.data(value))
          .map((line) => line.text)
          .join('\n'),
      ),
      value,
      shown,
    );
  }
  t.true(read > 300, String(read));
});

test('whatever is cut from a manifest or put into it: EINVAL with the line, or a manifest', async (t) => {
  const whole = `name: ada
model: offline
soul: |
  I am Ada.
tools: [bash, "file_*"]
policy:
  wake: auto
  limits: {inbox: 10, jobs_age: 2d}
  permissions:
    - allow bash git *
  network: off
budget: {day: [5 USD, 10m]}
schedule:
  a: "every 1h\\nlook"
mcp: {x: {command: y, args: [z]}}
`;
  const random = numbers(11);
  const pieces = [
    ':',
    '- ',
    '{',
    ']',
    '"',
    "'",
    '\n',
    '  ',
    '&a ',
    '*a',
    '!!set ',
    '|',
    '#',
    '\t',
    '? ',
    '%',
    '---\n',
    '\0',
    '__proto__: ',
  ];
  let read = 0;
  for (let round = 0; round < 600; round++) {
    let text = whole;
    for (let change = 0; change <= random(3); change++) {
      const at = random(text.length);
      text = text.slice(0, at) + pieces[random(pieces.length)]! + text.slice(at + random(4));
    }
    try {
      await readManifest(text);
      read++;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      t.is(code, 'EINVAL', `${String(error)}\n${text}`);
      t.regex(message, /^line \d+/);
    }
  }
  t.true(read > 20, String(read));
  t.is(({} as { wake?: string }).wake, undefined);
});
