import test from 'ava';
import { writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { O_RDONLY } from '../src/kernel/mode.ts';
import { agent, nameOf, observer, operator } from '../src/kernel/subject.ts';
import { tree, type Tree } from './support/tree.ts';

/** Replaces a namespace file at once, as an editor does, and resolves with what the views say to it. */
const change = async ({ namespaces, told }: Tree, file: string, text: string): Promise<string> => {
  const said = told();
  const beside = join(namespaces, `${file}.new`);
  await writeFile(beside, text);
  await rename(beside, join(namespaces, file));
  return said;
};

test('an aname narrows what the subject sees, and never widens it', async (t) => {
  const { views } = await tree(t);
  const granted = (subject: Parameters<typeof views.attach>[0], aname: string): string => {
    try {
      return nameOf(views.attach(subject, aname).subject);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const ada = agent('ada');
  for (const [subject, aname, result] of [
    [operator, '', 'operator'],
    [operator, '/', 'operator'],
    [operator, 'observer', 'observer'],
    [operator, 'agent:ada', 'agent:ada'],
    [operator, 'agent:nobody', 'ENOENT'],
    [operator, 'agent:', 'ENOENT'],
    [operator, 'agent:../ada', 'ENOENT'],
    [operator, 'operator', 'ENOENT'],
    [operator, '/agents/ada', 'ENOENT'],
    [ada, '', 'agent:ada'],
    [ada, 'agent:ada', 'agent:ada'],
    [ada, 'agent:bob', 'ENOENT'],
    [ada, 'observer', 'ENOENT'],
    [ada, 'operator', 'ENOENT'],
    [observer, '', 'observer'],
    [observer, 'observer', 'observer'],
    [observer, 'agent:ada', 'ENOENT'],
    [observer, 'operator', 'ENOENT'],
  ] as const) {
    t.is(granted(subject, aname), result, `${nameOf(subject)} ${aname}`);
  }
});

test('a namespace lives from the first attach to the end of its session', async (t) => {
  const { views, attach } = await tree(t);
  const shell = attach();
  t.is(views.size, 0);
  await shell.ls('/');
  await shell.ls('/');
  t.is(views.size, 1);
  await shell.end();
  t.is(views.size, 0);
  const late = attach();
  const listing = late.ls('/').catch(() => undefined);
  await late.end();
  await listing;
  t.is(views.size, 0);
});

test('a changed file changes what may be reached, live, open handles included', async (t) => {
  const made = await tree(t);
  const shell = made.attach();
  const watcher = made.attach(observer);
  const log = await shell.open('/log', O_RDONLY);
  const events = await shell.open('/live/events', O_RDONLY);
  const waiting = t.throwsAsync(events.read(), { code: 'ESTALE' });
  t.is(await change(made, 'operator.ns', 'bind #agent/ada /\n'), 'applied operator.ns');
  await waiting;
  await t.throwsAsync(log.read(), { code: 'ESTALE' });
  t.true((await shell.ls('/')).includes('inbox'));
  t.is(await shell.cat('/mounts'), 'bind #agent/ada /\n');
  // Other tiers have files of their own.
  t.true((await watcher.ls('/')).includes('index'));
});

test('what the old and the new file have in common stays, with every open handle', async (t) => {
  const made = await tree(t);
  await made.agents.define('bob', operator);
  const shell = made.attach();
  const log = await shell.open('/log', O_RDONLY);
  t.is(await change(made, 'operator.ns', 'bind #root /\nbind #agent/bob /agents\n'), 'applied operator.ns');
  t.true((await log.read()).length > 0);
  t.true((await shell.ls('/agents')).includes('inbox'));
  const inbox = await shell.open('/agents/status', O_RDONLY);
  t.is(await change(made, 'operator.ns', 'bind #root /\n'), 'applied operator.ns');
  await t.throwsAsync(inbox.read(), { code: 'ESTALE' });
  t.true((await log.read()).length >= 0);
  t.deepEqual(await shell.ls('/agents'), ['ada', 'bob']);
});

test('a union shows its order in mounts', async (t) => {
  const made = await tree(t);
  const shell = made.attach();
  await shell.ls('/');
  t.is(await change(made, 'operator.ns', 'bind #root /\nbind -b #agent/ada /\n'), 'applied operator.ns');
  t.is(await shell.cat('/mounts'), 'bind #root /\nbind -b #agent/ada /\n');
  t.regex(await shell.cat('/status'), /^state idle$/m);
  t.true((await shell.ls('/')).includes('doctor'));
});

for (const [what, text, reason] of [
  ['a line that cannot be read', 'bind #root\n', /line 1: bind takes SOURCE TARGET/],
  ['a device that is not there', 'bind #root /\nbind #none /agents\n', /line 2: no device #none/],
  ['an empty file, as one that is being written', '', /nothing is mounted here/],
  [
    'another server, which cannot be mounted yet',
    'bind #root /\nmount unix:/x /agents\n',
    /line 2: .*cannot be mounted/,
  ],
] as const) {
  test(`${what} takes nothing from anybody`, async (t) => {
    const made = await tree(t);
    const shell = made.attach();
    const log = await shell.open('/log', O_RDONLY);
    const said = await change(made, 'operator.ns', text);
    t.regex(said, /^operator\.ns was not applied for operator: /);
    t.regex(said, reason);
    t.true((await log.read()).length > 0);
    t.is(await shell.cat('/mounts'), 'bind #root /\n');
  });
}

test('a client that comes while the file is wrong is refused, and comes in when it is right again', async (t) => {
  const { attach, namespaces } = await tree(t);
  writeFileSync(join(namespaces, 'operator.ns'), 'bond #root /\n');
  const shell = attach();
  await t.throwsAsync(shell.ls('/'), { code: 'EINVAL' });
  writeFileSync(join(namespaces, 'operator.ns'), 'bind #root /\n');
  t.true((await shell.ls('/')).includes('agents'));
});

test("an agent's view ends with its name: under another name it is another view", async (t) => {
  const { attach, agents, views } = await tree(t);
  const shell = attach();
  const own = attach(agent('ada'));
  const note = await own.open('/memory/notes/mine', 0o101);
  await note.write('x');
  await shell.rename('/agents/ada', '/agents/eve');
  await own.ls('/').catch(() => undefined);
  t.is(views.size, 1);
  await t.throwsAsync(note.write('y'), { code: 'ESTALE' });
  await agents.define('ada', operator);
  t.deepEqual(await attach(agent('ada')).ls('/memory/notes'), []);
  t.true((await attach(agent('eve')).ls('/')).includes('inbox'));
});

test('a view of an agent that is gone is stale, also when another gets its name', async (t) => {
  const { attach, agents } = await tree(t);
  const own = attach(agent('ada'));
  const status = await own.open('/status', O_RDONLY);
  await agents.archive('ada', operator);
  await t.throwsAsync(status.read(), { code: 'ESTALE' });
  await agents.define('ada', operator);
  await t.throwsAsync(own.ls('/'), { code: 'ESTALE' });
  t.true((await attach(agent('ada')).ls('/')).includes('status'));
});

test('without links they are followed and stand in no listing; what waits is walked to by name', async (t) => {
  const { attach } = await tree(t);
  const shell = attach(operator, '', { links: false });
  const names = await shell.ls('/agents/ada');
  t.false(names.includes('wait') || names.includes('live') || names.includes('.live'));
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
  t.deepEqual(await shell.ls('/agents/ada/live'), ['trace', 'outbox', 'wait', 'jobs']);
});
