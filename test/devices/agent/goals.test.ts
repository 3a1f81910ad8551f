import test from 'ava';
import { agent } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

const at = '/agents/ada/goals';

test('a goal from one document; its name is read back', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  t.regex(await shell.cat(`${at}/new`), /Priority/);
  const name = (await shell.ask(`${at}/new`, 'Priority: 80\n\nkeep the tests green\n')).trim();
  t.regex(name, /^g-[a-z0-9]{8}$/);
  t.deepEqual(await shell.ls(at), ['new', name]);
  t.is(await shell.cat(`${at}/${name}/text`), 'keep the tests green\n');
  t.is(await shell.cat(`${at}/${name}/priority`), '80\n');
  t.deepEqual(await shell.lines(`${at}/${name}/status`), ['active', 'since 2030-01-01T00:00:00.000Z', 'by operator']);
  await shell.cat('/agents/ada/wait');
  t.regex(await shell.cat('/agents/ada/outbox/last'), /“keep the tests green”/);
  t.is((await shell.ask(`${at}/new`, 'Name: ship\n\nship it\n')).trim(), 'ship');
});

test('mkdir, text, priority, ctl, rename, rmdir', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.mkdir(`${at}/ship`);
  t.deepEqual(await shell.ls(`${at}/ship`), ['text', 'status', 'priority', 'ctl']);
  await t.throwsAsync(shell.write(`${at}/ship/ctl`, 'run\n'), { code: 'EINVAL' });
  await t.throwsAsync(shell.write(`${at}/ship/text`, ''), { code: 'EINVAL' });
  await t.throwsAsync(shell.write(`${at}/ship/priority`, 'high\n'), { code: 'EINVAL' });
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, /goals\/ship\/priority EINVAL .*0 to 100/);
  await shell.write(`${at}/ship/text`, 'ship it\n');
  await shell.write(`${at}/ship/priority`, '7\n');
  await shell.cat('/agents/ada/wait');
  await shell.write(`${at}/ship/ctl`, 'run\n');
  await shell.cat('/agents/ada/wait');
  t.is((await shell.ls('/agents/ada/outbox')).filter((name) => name.startsWith('m')).length, 2);
  await shell.write(`${at}/ship/ctl`, 'done it is  out\n');
  t.deepEqual((await shell.lines(`${at}/ship/status`)).toSpliced(1, 1), ['done', 'by operator', 'why it is out']);
  await shell.rename(`${at}/ship`, `${at}/shipped`);
  t.is(await shell.cat(`${at}/shipped/text`), 'ship it\n');
  await t.throwsAsync(shell.rename(`${at}/shipped`, `${at}/new`));
  const open = await shell.open(`${at}/shipped/text`, 0);
  await shell.rmdir(`${at}/shipped`);
  t.deepEqual(await shell.ls(at), ['new']);
  await t.throwsAsync(shell.stat(`${at}/shipped`), { code: 'ENOENT' });
  await t.throwsAsync(open.read(10), { code: 'ESTALE' });
  await open.close().catch(() => undefined);
  await t.throwsAsync(shell.write(`${at}/file`, 'x'), { code: 'EPERM' });
  await t.throwsAsync(shell.unlink(`${at}/new`), { code: 'EPERM' });
});

test('the agent sets its own goals; they are believed as the agent is', async (t) => {
  const { attach } = await tree(t);
  const own = attach(agent('ada'));
  await own.write('/goals/new', 'learn to swim\n');
  const shell = attach();
  await shell.cat('/agents/ada/wait');
  const [, name] = await own.ls('/goals');
  t.regex(await own.cat(`/goals/${name!}/status`), /^active\n(.*\n)*by agent:ada\n/);
  await own.write(`/goals/${name!}/ctl`, 'drop too cold\n');
  t.regex(await shell.cat(`${at}/${name!}/status`), /^dropped\n(.*\n)*why too cold\n/);
  await own.rmdir(`/goals/${name!}`);
});
