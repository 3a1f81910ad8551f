import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';
import { begin, built, weft } from '../support/program.ts';

const base = mkdtempSync(join(tmpdir(), 'weft-new-'));
const state = join(base, 'state');
const coop = resolve('fixtures/coop/agent.yaml');
const env = { WEFT_STATE: state };
let finish: () => unknown = () => undefined;

test.before(async (t) => {
  await built();
  const server = begin({ ...t, teardown: (end: () => unknown) => void (finish = end) }, [
    'up',
    '--no-mount',
    '--state',
    state,
  ]);
  await server.says(/ready/);
});
test.after.always(async () => {
  await finish();
  rmSync(base, { recursive: true });
});

test.serial("an agent of Coop's manifest: what is not taken over is told, a line each", async (t) => {
  const { code, stdout, stderr } = await weft(t, ['new', 'hen', '--from', coop], { env });
  t.like({ code, stdout }, { code: 0, stdout: 'agents/hen\n' });
  const lines = stderr.trimEnd().split('\n');
  t.is(lines.length, 18);
  for (const line of lines) t.true(line.startsWith(`weft: ${coop}: not taken over: `), line);
  t.is(lines[0], `weft: ${coop}: not taken over: name: 'henrietta' becomes 'hen'`);
  t.regex(lines.at(-1)!, /brain\.model: there is no model 'anthropic\/claude-example' here/);
  t.regex(
    (await weft(t, ['cat', 'agents/hen/manifest'], { env })).stdout,
    /^name: hen\n[^]*You look after the garden\.\n/,
  );
});

test.serial('an agent of another agent’s manifest', async (t) => {
  await weft(t, ['write', 'agents/hen/policy/wake', 'manual'], { env });
  const file = join(base, 'hen.yaml');
  writeFileSync(file, (await weft(t, ['cat', 'agents/hen/manifest'], { env })).stdout);
  t.like(await weft(t, ['new', 'chick', '--from', file, '--model', 'offline'], { env }), { code: 0, stderr: '' });
  t.is((await weft(t, ['cat', 'agents/chick/policy/wake'], { env })).stdout, 'manual\n');
});

test.serial('a manifest that is refused leaves no agent, and its line is told', async (t) => {
  const file = join(base, 'bad.yaml');
  for (const [text, args, told] of [
    [
      'name: bob\npolicy:\n  wake: never\n',
      [],
      /^weft: agents\/bob\/manifest: line 3, column 9: policy\.wake: 'never' is not auto or manual \(EINVAL\)\n$/,
    ],
    [
      'spec_version: coop/v1\nname: bob\nnetwork: {policy: some}\n',
      [],
      /^weft: .*bad\.yaml: line 3, column 19: network\.policy: 'some' is not off, allowlist or open \(EINVAL\)\n$/,
    ],
    ['name: bob\n', ['--model', 'gpt-9'], /^weft: ctl: .*EINVAL/],
    ['[', [], /^weft: .*bad\.yaml: line 1, column 2: .*EINVAL/],
  ] as const) {
    writeFileSync(file, text);
    const { code, stdout, stderr } = await weft(t, ['new', 'bob', '--from', file, ...args], { env });
    t.like({ code, stdout }, { code: 1, stdout: '' });
    t.regex(stderr, told);
  }
  t.is((await weft(t, ['ls', 'agents'], { env })).stdout, 'chick\nhen\n');
  t.like(await weft(t, ['new', 'bob', '--from', join(base, 'none')], { env }), { code: 1 });
});
