import test from 'ava';
import { O_RDWR } from '../../../src/kernel/mode.ts';
import { drain } from '../../conformance/client.ts';
import { tree } from '../../support/tree.ts';

test('read: the verbs with their arguments, then the last outcome', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.deepEqual(
    (await shell.lines('/ctl')).map((line) => line.split(/ {2,}/)[0]),
    ['new NAME [MODEL]', 'remove NAME', 'restore NAME [AS]', 'import PATH', 'sync', 'shutdown'],
  );
  await shell.write('/ctl', 'new bob\n');
  t.is((await shell.lines('/ctl')).at(-1), 'ok: new bob');
});

test('a handle that has written reads the outcome of its own command', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const other = attach();
  const file = await shell.open('/ctl', O_RDWR);
  await file.write('new bob\n');
  await other.write('/ctl', 'new eve\n');
  t.is(await drain(file), 'ok: new bob\n');
  await file.close();
});

test('new defines an agent with a model, remove archives it', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await shell.write('/ctl', 'new bob offline\nnew eve\nremove bob\n');
  t.deepEqual(
    agents.list().map(({ name }) => name),
    ['ada', 'eve'],
  );
  t.regex((await shell.lines('/ctl')).at(-1)!, /^ok: archived as bob@2030-01-01T/);
});

for (const [command, code, reason] of [
  ['bogus', 'EINVAL', /no such command; there are new, remove, restore, import, sync, shutdown/],
  ['new', 'EINVAL', /usage: new NAME \[MODEL\]/],
  ['new a b c', 'EINVAL', /usage: new NAME \[MODEL\]/],
  ['new Bob', 'EINVAL', /'Bob' cannot name an agent/],
  ['new bob none', 'EINVAL', /no model 'none': there is offline/],
  ['new ada', 'EEXIST', /there is an agent 'ada'/],
  ['remove', 'EINVAL', /usage: remove NAME/],
  ['remove nobody', 'ENOENT', /no agent 'nobody'/],
  ['sync now', 'EINVAL', /usage: sync/],
] as const) {
  test(`${command}: ${code}, and error says why and quotes the line`, async (t) => {
    const { attach, agents } = await tree(t);
    const shell = attach();
    await t.throwsAsync(shell.write('/ctl', `${command}\n`), { code });
    const last = (await shell.lines('/error')).at(-1)!;
    t.true(last.includes(` ctl ${code} ${command}: `), last);
    t.regex(last, reason);
    t.is(agents.size, 1);
  });
}

test('at the first failure the rest of the write is not run', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await t.throwsAsync(shell.write('/ctl', 'new bob\nnew Bad\nnew eve'), { code: 'EINVAL' });
  t.truthy(agents.get('bob'));
  t.is(agents.get('eve'), undefined);
  t.regex((await shell.lines('/ctl')).at(-1)!, /^failed: new Bad: /);
});

test('sync and shutdown reach the server', async (t) => {
  const { attach, calls } = await tree(t);
  await attach().write('/ctl', 'sync\nshutdown\n');
  t.deepEqual(calls, ['sync', 'shutdown']);
});
