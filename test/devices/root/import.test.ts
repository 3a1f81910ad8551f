import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { remoteOperator } from '../../../src/kernel/subject.ts';
import { temporary } from '../../support/temporary.ts';
import { tree } from '../../support/tree.ts';

const coop = resolve('fixtures/coop/agent.yaml');

test("Coop's manifest becomes an agent, and the outcome tells what was not taken over", async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write('/ctl', `import ${coop}\n`);
  const outcome = (await shell.lines('/ctl')).at(-1)!;
  t.regex(outcome, /^ok: imported henrietta; not taken over: line 7, column 3: brain\.provider_id: /);
  t.regex(
    outcome,
    /; not taken over: brain\.model: there is no model 'anthropic\/claude-example' here: 'offline' is used$/,
  );
  const manifest = await shell.cat('/agents/henrietta/manifest');
  t.regex(manifest, /^name: henrietta\n/);
  t.regex(manifest, /You look after the garden\./);
  t.is(
    await shell.cat('/agents/henrietta/policy/network'),
    'allow api.example.org:443\nallow git.example.org:22\nallow git.example.org:443\n',
  );
});

test('what is read from one manifest is another agent under another name', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const path = join(temporary(t), 'bob.yaml');
  await shell.write('/agents/ada/policy/limits', 'inbox 9\n');
  writeFileSync(path, (await shell.cat('/agents/ada/manifest')).replace('name: ada', 'name: bob'));
  await shell.write('/ctl', `import ${path}\n`);
  t.regex(await shell.cat('/agents/bob/policy/limits'), /^inbox 9\n/);
  await t.throwsAsync(shell.write('/ctl', `import ${path}\n`), { code: 'EEXIST' });
});

test('what cannot be imported leaves nothing', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const directory = temporary(t);
  const file = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  execFileSync('mkfifo', [join(directory, 'pipe')]);
  symlinkSync('/dev/zero', join(directory, 'zero'));
  for (const [path, code] of [
    [file('bad', 'name: bob\nsole: x\n'), 'EINVAL'],
    [file('nameless', 'soul: x\n'), 'EINVAL'],
    [file('named', 'name: Bob\n'), 'EINVAL'],
    [file('model', 'name: bob\nmodel: gpt-9\n'), 'EINVAL'],
    [file('bytes', Buffer.of(0xff)), 'EINVAL'],
    [file('empty', ''), 'EINVAL'],
    [file('large', 'x'.repeat(300_000)), 'EFBIG'],
    [join(directory, 'pipe'), 'EINVAL'],
    [join(directory, 'zero'), 'EINVAL'],
    [join(directory, 'none'), 'ENOENT'],
    [directory, 'EINVAL'],
    ['agent.yaml', 'EINVAL'],
  ] as const) {
    await t.throwsAsync(shell.write('/ctl', `import ${path}\n`), { code }, path);
  }
  t.deepEqual(await shell.ls('/agents'), ['ada']);
  await t.throwsAsync(shell.write('/ctl', `import ${join(directory, 'bad')}\n`));
  t.regex(await shell.cat('/error'), /line 2, column 1: no member 'sole'/);
});

test('not over TCP', async (t) => {
  const { attach } = await tree(t);
  const shell = attach(remoteOperator);
  await t.throwsAsync(shell.write('/ctl', `import ${coop}\n`), { code: 'EPERM' });
  await shell.write('/ctl', 'new bob\n');
  t.deepEqual(await shell.ls('/agents'), ['ada', 'bob']);
});
