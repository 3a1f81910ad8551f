import { readFileSync } from 'node:fs';
import test from 'ava';
import { importCoop, isCoop, manifestOf } from '../../../src/agent/settings/coop.ts';
import { applied, readManifest } from '../../../src/agent/settings/manifest.ts';
import { emptyRecord, settingsOf } from '../../../src/agent/settings/record.ts';

const fixture = (name: string): string => readFileSync(`fixtures/coop/${name}`, 'utf8');

test('what corresponds is taken over, and everything else is told', async (t) => {
  const text = fixture('agent.yaml');
  t.true(isCoop(text));
  const imported = importCoop(text);
  t.is(imported.name, 'henrietta');
  t.is(imported.model, 'anthropic/claude-example');
  const manifest = await readManifest(manifestOf(imported, 'henrietta', 'offline'));
  t.like(manifest, { name: 'henrietta', model: 'offline' });
  const settings = settingsOf(applied(emptyRecord, manifest));
  t.is(settings.soul, 'You are Henrietta. You look after the garden.\nSay what you do before you do it.\n');
  t.deepEqual(settings.tools, ['bash', 'file_read', 'file_write', 'http', 'delegate']);
  t.deepEqual(settings.network, {
    mode: 'allow',
    allow: [
      { host: 'api.example.org', port: 443 },
      { host: 'git.example.org', port: 22 },
      { host: 'git.example.org', port: 443 },
    ],
  });
  t.is(settings.sandbox.memory, 512 * 2 ** 20);
  const told = imported.warnings.map((warning) => /^line \d+, column \d+: (\S+): .+$/.exec(warning)?.[1]);
  t.deepEqual(told, [
    'brain.provider_id',
    'brain.fallbacks',
    'brain.cache',
    'brain.capabilities_required',
    'personality.traits',
    'network.allow.2',
    'resources.ram_request_mb',
    'resources.cpu_limit',
    'sex',
    'visual.emoji',
    'visual.theme_color',
    'memory.episodic_retention_days',
    'memory.semantic_summarize_every',
    'scheduling.placement',
    'scheduling.restart_policy',
    'metadata.team',
  ]);
  t.is(imported.warnings[0]!.split(':')[0], 'line 7, column 3');
});

test('a small one; off may be a boolean; no network is not open', (t) => {
  t.deepEqual(importCoop(fixture('small.yaml')), {
    name: 'egg',
    model: 'anthropic/offline',
    manifest: { policy: { network: 'off' } },
    warnings: [],
  });
  const bare = importCoop('spec_version: coop/v1\nname: a\n');
  t.deepEqual(bare.manifest, {});
  t.is(bare.warnings.length, 1);
  t.regex(bare.warnings[0]!, /network: .*'off'/);
  t.deepEqual(importCoop('spec_version: coop/v1\nname: a\nnetwork: {policy: allowlist, allow: []}').manifest, {
    policy: { network: 'off' },
  });
  t.deepEqual(importCoop('spec_version: coop/v1\nname: a\ntools: []\nnetwork: {policy: open}').manifest, {
    tools: [],
    policy: { network: 'open' },
  });
});

for (const [what, text, reason] of [
  ['another version', 'spec_version: coop/v2\nname: a\n', /^line 1, column 15: spec_version: it is to be 'coop\/v1'$/],
  ['no name', 'spec_version: coop/v1\n', /name: it is missing/],
  ['a name that is none', 'spec_version: coop/v1\nname: [a]\n', /^line 2, column 7: name: it is to be a text/],
  ['a list of members', '- spec_version: coop/v1\n', /it is to be a map/],
  [
    'a host that is none',
    'spec_version: coop/v1\nname: a\nnetwork: {policy: allowlist, allow: [{host: "http://a"}]}',
    /is no HOST:PORT/,
  ],
  [
    'a port that is none',
    'spec_version: coop/v1\nname: a\nnetwork: {policy: allowlist, allow: [{host: a, ports: [0]}]}',
    /is no HOST:PORT/,
  ],
  ['allow without a list', 'spec_version: coop/v1\nname: a\nnetwork: {policy: open, allow: [{host: a}]}', /allowlist/],
  ['a policy that is none', 'spec_version: coop/v1\nname: a\nnetwork: {policy: some}', /'some' is not off/],
  ['a tool that is none', 'spec_version: coop/v1\nname: a\ntools: [{bash: 1}]', /a tool is named/],
  ['brain as text', 'spec_version: coop/v1\nname: a\nbrain: big', /^line 3, column 8: brain: it is to be a map/],
] as const) {
  test(`${what}: EINVAL with the line`, (t) => {
    t.regex(t.throws(() => importCoop(text), { code: 'EINVAL' }).message, reason);
  });
}

test('an unknown member, also one of the prototype, is told', (t) => {
  const { warnings } = importCoop(
    'spec_version: coop/v1\nname: a\nnetwork: {policy: open}\n__proto__: {sex: hen}\ncolour: red\n',
  );
  t.deepEqual(
    warnings.map((warning) => warning.replace(/^line \d+, column \d+: /, '')),
    ['__proto__: no field of coop/v1', 'colour: no field of coop/v1'],
  );
});
