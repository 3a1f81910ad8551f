import test from 'ava';
import { O_CREAT, O_RDWR, O_WRONLY } from '../../../src/kernel/mode.ts';
import { agent, operator } from '../../../src/kernel/subject.ts';
import { drain } from '../../conformance/client.ts';
import type { Shell } from '../../support/shell.ts';
import { tree, type Tree } from '../../support/tree.ts';
import type { ExecutionContext } from 'ava';

const inbox = '/agents/ada/inbox';

/** An agent that takes nothing: what is written waits. */
const paused = async (t: ExecutionContext): Promise<Tree & { shell: Shell }> => {
  const made = await tree(t);
  const shell = made.attach();
  await shell.write('/agents/ada/ctl', 'pause\n');
  return { ...made, shell };
};

test('new: read first an example of what to write, and nothing happens', async (t) => {
  const { shell } = await paused(t);
  const text = await shell.cat(`${inbox}/new`);
  t.regex(text, /^Subject: /);
  t.deepEqual(await shell.ls(inbox), ['new']);
  // The example is a message as it says: its headers are taken as headers.
  await shell.write(`${inbox}/example`, text);
  t.regex(await shell.cat(`${inbox}/example`), /^Subject: what it is about$/m);
});

test('new: the id is read back on the descriptor that wrote, and is the name of the message', async (t) => {
  const { shell } = await paused(t);
  const id = (await shell.ask(`${inbox}/new`, 'hello\n')).trimEnd();
  t.regex(id, /^m[0-9a-z]+$/);
  t.deepEqual(await shell.ls(inbox), ['new', id]);
});

test('new: a descriptor writes one message after the other, each made when its id is read', async (t) => {
  const { shell } = await paused(t);
  const file = await shell.open(`${inbox}/new`, O_RDWR);
  await file.write('one\n');
  const first = (await file.read()).toString().trimEnd();
  await file.write('two\n');
  await file.close();
  const [, one, two, ...none] = await shell.ls(inbox);
  t.is(one, first);
  t.deepEqual(none, []);
  t.regex(await shell.cat(`${inbox}/${two!}`), /\n\ntwo\n$/);
});

test('new: { echo a; date; echo b; } flushes three times and is one message', async (t) => {
  const { shell } = await paused(t);
  const file = await shell.open(`${inbox}/new`, O_WRONLY);
  for (const line of ['a\n', 'now\n', 'b\n']) {
    await file.write(line);
    await file.fsync();
    t.deepEqual(await shell.ls(inbox), ['new']);
  }
  await file.close();
  const [, only, ...none] = await shell.ls(inbox);
  t.deepEqual(none, []);
  t.regex(await shell.cat(`${inbox}/${only!}`), /\n\na\nnow\nb\n$/);
});

test('new: a bad request fails its read, and error says why', async (t) => {
  const { shell } = await paused(t);
  const file = await shell.open(`${inbox}/new`, O_RDWR);
  await file.write('Subject: a\nSubject: b\n\ntext\n');
  await t.throwsAsync(file.read(), { code: 'EINVAL' });
  await file.close();
  t.deepEqual(await shell.ls(inbox), ['new']);
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, / inbox\/new EINVAL the header Subject is given twice$/);
});

test('closing a new name with something written enqueues it; an empty one goes away', async (t) => {
  const { shell } = await paused(t);
  await shell.write(`${inbox}/first`, 'hello\n');
  await shell.write(`${inbox}/empty`, '');
  t.deepEqual(await shell.ls(inbox), ['new', 'first']);
  const file = await shell.open(`${inbox}/second`, O_WRONLY | O_CREAT);
  await file.write('not yet');
  t.deepEqual(await shell.ls(inbox), ['new', 'first']);
  t.is((await shell.stat(`${inbox}/second`)).size, 7);
  await file.close();
  t.deepEqual(await shell.ls(inbox), ['new', 'first', 'second']);
});

test('headers only where an empty line follows them; the server stamps, and a claim stays a claim', async (t) => {
  const { shell } = await paused(t);
  await shell.write(`${inbox}/a`, 'Subject: tea\nPriority: high\nFrom: the queen\nTrust: 1\n\nTea?\n');
  t.is(
    await shell.cat(`${inbox}/a`),
    [
      'From: operator',
      'To: ada',
      'Date: 2030-01-01T00:00:00.000Z',
      'Origin: operator',
      'Trust: 1',
      /^Id: (.*)$/m.exec(await shell.cat(`${inbox}/a`))![0],
      'Subject: tea',
      'Priority: high',
      'Claimed-From: the queen',
      'Claimed-Trust: 1',
      '',
      'Tea?\n',
    ].join('\n'),
  );
  await shell.write(`${inbox}/b`, 'Subject: tea\n');
  t.regex(await shell.cat(`${inbox}/b`), /\n\nSubject: tea\n$/);
  await shell.write(`${inbox}/c`, 'Dear: Ada\n\nTea?\n');
  t.regex(await shell.cat(`${inbox}/c`), /\n\nDear: Ada\n\nTea\?\n$/);
});

test('a message shows its real size and the time it was accepted', async (t) => {
  const { shell, clock } = await paused(t);
  clock.advance(7000);
  await shell.write(`${inbox}/a`, 'hello\n');
  const { size, mtimeMs } = await shell.stat(`${inbox}/a`);
  t.is(size, (await shell.cat(`${inbox}/a`)).length);
  t.is(mtimeMs, clock.now());
  const { version } = await shell.attributes(`${inbox}/a`);
  t.is((await shell.attributes(`${inbox}/a`)).version, version);
});

test('a name is a key: the same content is one message, another EEXIST, also for 10 minutes after it was taken', async (t) => {
  const { shell, clock, agents } = await paused(t);
  await shell.write(`${inbox}/a`, 'hello\n');
  await shell.write(`${inbox}/a`, 'hello\n');
  t.is(agents.get('ada')!.inbox.size, 1);
  await t.throwsAsync(shell.write(`${inbox}/a`, 'other\n'), { code: 'EEXIST' });
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, / inbox\/a EEXIST /);
  await shell.write('/agents/ada/ctl', 'resume\n');
  await shell.cat('/agents/ada/wait');
  await shell.write('/agents/ada/ctl', 'pause\n');
  await shell.write(`${inbox}/a`, 'hello\n');
  t.is(agents.get('ada')!.inbox.size, 0);
  await t.throwsAsync(shell.write(`${inbox}/a`, 'other\n'), { code: 'EEXIST' });
  clock.advance(10 * 60_000);
  await shell.write(`${inbox}/a`, 'other\n');
  t.is(agents.get('ada')!.inbox.size, 1);
});

test('Id: is a key too', async (t) => {
  const { shell, agents } = await paused(t);
  const text = 'Id: order-66\n\nhello\n';
  t.is(await shell.ask(`${inbox}/new`, text), 'order-66\n');
  t.is(await shell.ask(`${inbox}/new`, text), 'order-66\n');
  t.is(agents.get('ada')!.inbox.size, 1);
  await t.throwsAsync(shell.ask(`${inbox}/new`, 'Id: order-66\n\nother\n'), { code: 'EEXIST' });
});

test('what was taken can still be opened, stat-ed and dated for 60 s, and is in no listing', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  await shell.write(`${inbox}/a`, 'hello\n');
  await shell.cat('/agents/ada/wait');
  t.deepEqual(await shell.ls(inbox), ['new']);
  t.regex(await shell.cat(`${inbox}/a`), /\n\nhello\n$/);
  await shell.chmod(`${inbox}/a`, 0o600);
  await shell.utimes(`${inbox}/a`, 1, 1);
  clock.advance(60_000);
  await t.throwsAsync(shell.stat(`${inbox}/a`), { code: 'ENOENT' });
});

test('rm discards what waits; new cannot be removed or renamed', async (t) => {
  const { shell, agents } = await paused(t);
  await shell.write(`${inbox}/a`, 'hello\n');
  await shell.unlink(`${inbox}/a`);
  t.is(agents.get('ada')!.inbox.size, 0);
  await t.throwsAsync(shell.unlink(`${inbox}/a`), { code: 'ENOENT' });
  await t.throwsAsync(shell.unlink(`${inbox}/new`), { code: 'EPERM' });
  await t.throwsAsync(shell.rename(`${inbox}/new`, `${inbox}/old`), { code: 'EPERM' });
  await shell.write(`${inbox}/b`, 'hello\n');
  await t.throwsAsync(shell.rename(`${inbox}/b`, `${inbox}/c`), { code: 'EPERM' });
  await t.throwsAsync(shell.mkdir(`${inbox}/d`), { code: 'EPERM' });
});

test('a scratch name is a draft: it waits for nobody until it gets a proper name', async (t) => {
  const { shell, attach } = await paused(t);
  await shell.write(`${inbox}/.hello.Ab12Cd`, 'hello\n');
  t.deepEqual(await shell.ls(inbox), ['new', '.hello.Ab12Cd']);
  t.deepEqual(await attach().ls(inbox), ['new']);
  await shell.rename(`${inbox}/.hello.Ab12Cd`, `${inbox}/hello`);
  t.deepEqual(await shell.ls(inbox), ['new', 'hello']);
});

test('a name outside the grammar is EINVAL before anything is written', async (t) => {
  const { shell } = await paused(t);
  for (const name of ['.x', 'a b', 'ä', '-x', 'x'.repeat(101)]) {
    await t.throwsAsync(shell.open(`${inbox}/${name}`, O_WRONLY | O_CREAT), { code: 'EINVAL' }, name);
  }
  t.regex((await shell.lines('/agents/ada/error'))[0]!, / inbox\/\.x EINVAL '\.x' cannot name a message/);
});

test('256 KiB, not more: the write says so, and nothing is enqueued', async (t) => {
  const { shell } = await paused(t);
  await shell.write(`${inbox}/full`, 'x'.repeat(256 * 1024));
  await t.throwsAsync(shell.write(`${inbox}/more`, 'x'.repeat(256 * 1024 + 1)), { code: 'EFBIG' });
  const file = await shell.open(`${inbox}/new`, O_WRONLY);
  await file.write('x'.repeat(256 * 1024));
  await t.throwsAsync(file.write('x'), { code: 'EFBIG' });
  await t.throwsAsync(file.close(), { code: 'EFBIG' });
  t.deepEqual(await shell.ls(inbox), ['new', 'full']);
});

test('what is not text is EINVAL', async (t) => {
  const { shell } = await paused(t);
  await t.throwsAsync(shell.write(`${inbox}/a`, Buffer.of(0x61, 0xff)), { code: 'EINVAL' });
  t.deepEqual(await shell.ls(inbox), ['new']);
});

test('when 1,000 wait the write is ENOSPC, and one that goes makes room for one', async (t) => {
  const { shell, agents } = await paused(t);
  const { inbox: messages } = agents.get('ada')!;
  for (let index = 0; index < 1000; index++) {
    await messages.accept(Buffer.from(`${index}`), { origin: operator, name: `m${index}` });
  }
  for (const name of ['new', 'one-more']) {
    const file = await shell.open(`${inbox}/${name}`, O_WRONLY | O_CREAT);
    await t.throwsAsync(file.write('x'), { code: 'ENOSPC' }, name);
    await file.close().catch(() => undefined);
  }
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, / ENOSPC the inbox is full: 1000 messages wait$/);
  await shell.unlink(`${inbox}/m500`);
  await shell.write(`${inbox}/one-more`, 'x');
  t.is(agents.get('ada')!.inbox.size, 1000);
  t.is((await shell.ls(inbox)).length, 1001);
});

test('the agent sees its inbox and cannot write to it', async (t) => {
  const { shell, attach } = await paused(t);
  await shell.write(`${inbox}/a`, 'hello\n');
  const own = attach(agent('ada'));
  t.deepEqual(await own.ls('/inbox'), ['new', 'a']);
  t.regex(await own.cat('/inbox/a'), /hello/);
  await t.throwsAsync(own.write('/inbox/new', 'x'), { code: 'EACCES' });
  await t.throwsAsync(own.write('/inbox/b', 'x'), { code: 'EACCES' });
  await t.throwsAsync(own.unlink('/inbox/a'), { code: 'EACCES' });
  t.is(await drain(await own.open('/inbox/new', 0)), await shell.cat(`${inbox}/new`));
});
