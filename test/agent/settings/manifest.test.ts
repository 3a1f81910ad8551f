import test from 'ava';
import { applied, formatManifest, readManifest } from '../../../src/agent/settings/manifest.ts';
import { emptyRecord, settingsOf } from '../../../src/agent/settings/record.ts';
import { defaults } from '../../../src/agent/settings/views.ts';

const full = `# about ada
name: ada
description: counts things
model: offline
soul: |
  You are Ada.

    You count.
tools: [bash, file_*]
policy:
  wake: manual
  loop: {max_turns: 4}
  idle: never
  limits:
    inbox: 5
    overflow: drop-oldest
    jobs_age: 2d
  network:
    - open
    - allow 10.0.0.1:80
  sandbox: [require, time 10s]
  permissions:
    - allow bash git *
    - "deny * # all"
  autonomy: full
  redact: off
budget:
  tick: 0.25 USD
  day: [5 USD, 200000 tokens, 8h]
  call: 1000
schedule:
  morning: |
    every 15m
    look around
mcp:
  files: {command: mcp-files, args: [--root, .], env: {DEBUG: "1"}}
  far: {url: "https://example.org/mcp"}
rules:
  AGENTS.md: Never push to main.
`;

test('every member is read, and what is formatted reads to the same', async (t) => {
  const record = applied(emptyRecord, await readManifest(full));
  const settings = settingsOf(record);
  t.is(settings.soul, 'You are Ada.\n\n  You count.\n');
  t.deepEqual(settings.tools, ['bash', 'file_*']);
  t.is(settings.wake, 'manual');
  t.deepEqual(settings.loop, { max_turns: 4, batch: 1 });
  t.is(settings.idle, Infinity);
  t.deepEqual(
    [settings.limits.inbox, settings.limits.overflow, settings.limits.jobs_age],
    [5, 'drop-oldest', 172_800_000],
  );
  t.deepEqual(settings.network, { mode: 'open', allow: [{ host: '10.0.0.1', port: 80 }] });
  t.is(settings.sandbox.time, 10_000);
  t.deepEqual(settings.permissions, [
    { verdict: 'allow', act: 'bash', glob: 'git *' },
    { verdict: 'deny', act: '*', glob: '# all' },
  ]);
  t.false(settings.redact.on);
  t.deepEqual(settings.budget, {
    call: { usd: 1000 },
    tick: { usd: 250_000 },
    day: { usd: 5_000_000, tokens: 200_000, time: 28_800_000 },
    goal: {},
    ask: { usd: 1_000_000 },
  });
  t.is(settings.schedule.get('morning'), 'every 15m\nlook around\n');
  t.deepEqual([...settings.mcp.keys()], ['far', 'files']);
  t.is(settings.rules.get('AGENTS.md'), 'Never push to main.\n');
  const text = formatManifest(record, 'ada', 'offline');
  const again = applied(record, await readManifest(text));
  t.deepEqual(again, record);
  t.is(formatManifest(again, 'ada', 'offline'), text);
  t.deepEqual(settingsOf(applied(emptyRecord, await readManifest(text))), settings);
});

test('what is not written has its default, and the defaults read to themselves', async (t) => {
  const text = formatManifest(emptyRecord, 'ada', 'offline');
  t.deepEqual(applied(emptyRecord, await readManifest(text)), emptyRecord);
  for (const little of ['{}', 'name: ada', 'soul:\npolicy:\n  wake:\nschedule:\n']) {
    t.deepEqual(settingsOf(applied(emptyRecord, await readManifest(little))), defaults);
  }
});

test('comments of a text whose meaning stays survive', async (t) => {
  const record = { ...emptyRecord, texts: { limits: '# few\ninbox 5\n', wake: 'manual # for now\n' } };
  const text = formatManifest(record, 'ada', 'offline');
  t.deepEqual(applied(record, await readManifest(text)).texts, record.texts);
  const other = await readManifest(text.replace('inbox: 5', 'inbox: 6'));
  t.regex(applied(record, other).texts.limits!, /^inbox 6\n/);
  t.is(applied(record, other).texts.wake, 'manual # for now\n');
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['no map', '- a\n', /^line 1, column 1: a manifest is a map/],
  ['nothing', '', /^line 1, column 1: a manifest is a map/],
  ['text', 'hello', /a manifest is a map/],
  [
    'a member that is none',
    'name: ada\nsole: x\n',
    /^line 2, column 1: no member 'sole': there is name, description, model, soul,/,
  ],
  [
    'a policy that is none',
    'policy:\n  wake: auto\n  wakee: auto\n',
    /^line 3, column 3: policy: no member 'wakee': there is/,
  ],
  [
    'a policy value',
    'policy:\n  limits:\n    inbox: lots\n',
    /^line 3, column 12: policy.limits.inbox: 'inbox' wants a whole number/,
  ],
  [
    'a policy key',
    'policy:\n  limits: {inbx: 5}\n',
    /^line 2, column 18: policy.limits.inbx: no key 'inbx': there is inbox,/,
  ],
  ['a number that is none', 'policy: {limits: {inbox: 1e99}}', /policy.limits.inbox: .*not '1e\+99'/],
  ['a negative limit', 'policy: {limits: {inbox: -1}}', /not '-1'/],
  ['not a number', 'policy: {limits: {inbox: .nan}}', /policy.limits.inbox: it is to be/],
  ['a bare duration', 'policy: {idle: 600}', /policy.idle: '600' is not a duration with its unit/],
  [
    'a line of a list',
    'policy:\n  network:\n    - open\n    - allow nowhere\n',
    /^line 4, column 7: policy.network.1: 'allow' wants HOST:PORT/,
  ],
  ['two lines in one', 'policy:\n  network: ["allow a:1\\nopen"]\n', /policy.network.0: it is to be one line/],
  ['a comment in a list', 'policy:\n  permissions: ["#deny * *"]\n', /a line that says nothing/],
  ['the wrong type', 'soul: [a]\n', /^line 1, column 7: soul: it is to be string/],
  ['a nested wrong type', 'policy: {permissions: [{deny: all}]}', /it is to be string/],
  ['a key twice', 'name: ada\nsoul: a\nname: bob\n', /^line 3, column 1: 'name' stands there twice$/],
  ['a key twice, otherwise', 'schedule: {1: every 1m, "1": every 2m}', /'1' stands there twice/],
  ['a prototype', '__proto__: {wake: auto}\n', /no member '__proto__'/],
  ['a prototype, deeper', 'policy: {limits: {__proto__: 5}}', /no key '__proto__'/],
  [
    'a prototype as a name',
    'schedule: {__proto__: every 1m}',
    /^line 1, column 12: schedule: '__proto__' is no name here/,
  ],
  ['a tab', '\tname: ada\n', /^line 1/],
  ['a tag', 'soul: !!binary aGVsbG8=\n', /^line 1, column 7/],
  ['a map of another kind', '%YAML 1.1\n---\npolicy: !!omap [wake: auto]\n', /^line 3/],
  ['two documents', 'name: ada\n---\nname: bob\n', /^line \d/],
  ['a collection as a key', '? [a, b]\n: c\n', /a key is text/],
  ['half a character', 'soul: "\\ud800"\n', /^line 1, column 7: soul: the soul holds U\+D800/],
  ['a terminal sequence', 'soul: "a\\eb"\n', /the soul holds U\+001B/],
  ['a long soul', `soul: ${'x'.repeat(20_001)}`, /at most 20000/],
  ['a server without a program', 'mcp: {a: {}}', /mcp.a: a server has either a command or a url/],
  ['a server with both', 'mcp: {a: {command: x, url: "http://y"}}', /either a command or a url/],
  ['a url that is none', 'mcp: {a: {url: "file:///etc/passwd"}}', /mcp.a.url/],
  ['an unknown member of a server', 'mcp:\n  a:\n    comand: x\n', /^line 3, column 5: mcp.a: no member 'comand'/],
  ['an empty schedule', 'schedule: {a: ""}', /schedule.a/],
  ["Coop's", 'spec_version: coop/v1\nname: ada\n', /^line 1, column 1: .*weft new NAME --from FILE/],
];

for (const [what, text, reason] of refused) {
  test(`${what}: EINVAL with the line`, async (t) => {
    const error = await t.throwsAsync(readManifest(text), { code: 'EINVAL' });
    t.regex(error.message, reason);
    t.is(({} as { wake?: string }).wake, undefined);
  });
}

test('20,000 characters of soul are not too many, whatever they are made of', async (t) => {
  for (const text of ['x'.repeat(20_000), '😀'.repeat(20_000), `${'x'.repeat(20_000)}\n`]) {
    const { soul } = await readManifest(JSON.stringify({ soul: text }));
    const again = await readManifest(JSON.stringify({ soul }));
    t.is(again.soul, soul);
  }
});

test('who asks is told by what he knows: the name and the model', async (t) => {
  const checks = {
    name: (name: string) => {
      if (name !== 'ada') throw Object.assign(new Error(), { code: 'EINVAL' });
    },
  };
  t.is((await readManifest('name: ada', checks)).name, 'ada');
  await t.throwsAsync(readManifest('name: bob', checks), { code: 'EINVAL' });
});
