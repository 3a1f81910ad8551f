import test from 'ava';
import { agent } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

const at = '/agents/ada/schedule';

test('a schedule is written, read, changed, renamed and removed as any value', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write(`${at}/look`, 'every 15m look around\n');
  t.deepEqual(await shell.ls(at), ['next', 'look']);
  t.is(await shell.cat(`${at}/look`), 'every 15m look around\n');
  t.deepEqual(await shell.lines(`${at}/next`), [
    '2030-01-01T00:15:00.000Z look',
    '2030-01-01T00:30:00.000Z look',
    '2030-01-01T00:45:00.000Z look',
  ]);
  await shell.write(`${at}/look`, '0 9 * * 1\ngood morning\n');
  t.is((await shell.lines(`${at}/next`))[0], '2030-01-07T09:00:00.000Z look');
  await shell.rename(`${at}/look`, `${at}/monday`);
  await shell.write(`${at}/.monday.swp`, 'x');
  await shell.rename(`${at}/.monday.swp`, `${at}/4913`);
  t.deepEqual(await attach().ls(at), ['next', 'monday']);
  await shell.unlink(`${at}/monday`);
  t.is(await shell.cat(`${at}/next`), '');
});

test('a bad one is EINVAL, the reason in error, the old one in force', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await shell.write(`${at}/look`, 'every 15m look around\n');
  await t.throwsAsync(shell.write(`${at}/look`, '0 0 30 2 * never\n'), { code: 'EINVAL' });
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, /schedule\/look EINVAL .*never comes due/);
  t.is(await shell.cat(`${at}/look`), 'every 15m look around\n');
  await t.throwsAsync(shell.write(`${at}/empty`, ''), { code: 'EINVAL' });
  await t.throwsAsync(shell.write(`${at}/next`, 'every 15m x\n'), { code: 'EACCES' });
  await t.throwsAsync(shell.rename(`${at}/look`, `${at}/next`), { code: 'EEXIST' });
  await t.throwsAsync(shell.unlink(`${at}/next`), { code: 'EPERM' });
  await t.throwsAsync(shell.mkdir(`${at}/dir`), { code: 'EPERM' });
  t.deepEqual(await attach().ls(at), ['next', 'look']);
});

test('it fires: a message from the schedule, answered', async (t) => {
  const { attach, clock, agents } = await tree(t);
  const shell = attach();
  await shell.write(`${at}/look`, 'every 15m look around\n');
  const added = new Promise<void>((resolve) => {
    agents.on((change) => {
      if (change.type === 'message') resolve();
    });
  });
  clock.advance(15 * 60_000);
  await added;
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
  t.regex(await shell.cat('/agents/ada/outbox/last'), /“look around”/);
  t.regex(await shell.cat('/agents/ada/status'), /^last_cause schedule$/m);
});

test('one for the past is done when it has fired', async (t) => {
  const { attach, agents } = await tree(t);
  const own = attach(agent('ada'));
  const added = new Promise<void>((resolve) => {
    agents.on((change) => {
      if (change.type === 'message') resolve();
    });
  });
  await own.write('/schedule/past', 'at 2020-01-01T00:00:00Z late\n');
  await added;
  t.is(await attach().cat('/agents/ada/wait'), 'idle\n');
  t.is(await own.cat('/schedule/next'), 'done past 2020-01-01T00:00:00.000Z\n');
});
