import test from 'ava';
import { tree, type Tree } from '../../support/tree.ts';

const at = '/agents/ada/deadletter';

const expired = async ({ attach }: Tree): Promise<string> => {
  const shell = attach();
  await shell.write('/agents/ada/inbox/new', 'Expires: 2000-01-01T00:00:00Z\nSubject: tea\n\nlate\n');
  await shell.cat('/agents/ada/wait');
  return (await shell.ls(at))[1]!;
};

test('a letter is one file: the reason as headers, then the message', async (t) => {
  const made = await tree(t);
  const shell = made.attach();
  t.deepEqual(await shell.ls(at), ['ctl']);
  const name = await expired(made);
  const lines = await shell.lines(`${at}/${name}`);
  t.deepEqual(
    lines.slice(0, 5).map((line) => line.split(':')[0]),
    ['Dead', 'Error', 'Attempts', 'Job', 'From'],
  );
  t.regex(lines[1]!, /^Error: ETIMEDOUT: it expired at 2000/);
  t.is(lines[3], 'Job: 1');
  t.is(lines.at(-1), 'late');
  t.like(JSON.parse(await shell.cat('/agents/ada/jobs/1/status.json')), { status: 'expired' });
});

test('replay puts the message in again, once, as a new job that names the old one', async (t) => {
  const made = await tree(t);
  const shell = made.attach();
  const name = await expired(made);
  await shell.write('/agents/ada/ctl', 'pause\n');
  const answers = await Promise.all([
    shell.ask(`${at}/ctl`, `replay ${name}\n`),
    shell.ask(`${at}/ctl`, `replay ${name}\n`),
  ]);
  t.deepEqual(answers, ['ok: job 2\n', 'ok: job 2\n']);
  t.is(await shell.ask(`${at}/ctl`, `replay ${name}\n`), 'ok: job 2\n');
  t.deepEqual(await shell.ls(at), ['ctl']);
  t.is((await shell.ls('/agents/ada/inbox')).length, 2);
  await shell.write('/agents/ada/ctl', 'resume\n');
  t.regex(await shell.cat('/agents/ada/jobs/2/result'), /late/);
  t.like(JSON.parse(await shell.cat('/agents/ada/jobs/2/status.json')), { status: 'done', replays: 1 });
  await t.throwsAsync(shell.write(`${at}/ctl`, `replay ${name}\n`), { code: 'ENOENT' });
});

test('discard and rm forget a letter; nothing else can be taken away', async (t) => {
  const made = await tree(t);
  const shell = made.attach();
  await shell.write(`${at}/ctl`, `discard ${await expired(made)}\n`);
  t.deepEqual(await shell.ls(at), ['ctl']);
  await shell.unlink(`${at}/${await expired(made)}`);
  t.deepEqual(await shell.ls(at), ['ctl']);
  await t.throwsAsync(shell.unlink(`${at}/ctl`), { code: 'EPERM' });
  await t.throwsAsync(shell.write(`${at}/ctl`, 'discard nothing\n'), { code: 'ENOENT' });
});
