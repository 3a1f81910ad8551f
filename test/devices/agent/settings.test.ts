import test from 'ava';
import { O_TRUNC, O_WRONLY } from '../../../src/kernel/mode.ts';
import { agent, observer } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

const ada = '/agents/ada';

test('a write to one view shows in the others, and whoever caches them hears of it', async (t) => {
  const { attach, changes, clock } = await tree(t);
  const shell = attach();
  const before = await shell.attributes(`${ada}/manifest`);
  const { ino } = await shell.stat(`${ada}/policy/limits`);
  const heard = new Set<number>();
  changes.subscribe({ attributes: (qid) => void heard.add(qid), entry: () => undefined });
  clock.advance(1_000);
  await shell.write(`${ada}/policy/limits`, '# few\ninbox 7\n');
  t.is(await shell.cat(`${ada}/policy/limits`), '# few\ninbox 7\n');
  t.regex(await shell.cat(`${ada}/manifest`), /\n {4}inbox: 7\n/);
  t.true(heard.has(before.qid) && heard.has(ino));
  const after = await shell.attributes(`${ada}/manifest`);
  t.true(after.mtime > before.mtime && after.version !== before.version);
  heard.clear();
  await shell.write(`${ada}/manifest`, 'name: ada\npolicy: {limits: {inbox: 8}, wake: manual}\n');
  t.true(heard.has(before.qid) && heard.has(ino));
  t.regex(await shell.cat(`${ada}/policy/limits`), /^inbox 8\n/);
  t.is(await shell.cat(`${ada}/policy/wake`), 'manual\n');
});

test('reading the manifest and writing it back changes nothing', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  await shell.write(`${ada}/policy/permissions`, '# mine\nallow bash git *\n');
  const manifest = await shell.cat(`${ada}/manifest`);
  const { seq } = agents.get('ada')!.trajectory.head;
  await shell.write(`${ada}/manifest`, manifest);
  t.is(await shell.cat(`${ada}/manifest`), manifest);
  t.is(await shell.cat(`${ada}/policy/permissions`), '# mine\nallow bash git *\n');
  t.is(agents.get('ada')!.trajectory.head.seq, seq);
});

test('a bad document is refused by the close, the line is in error, and the old value holds', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  await t.throwsAsync(shell.write(`${ada}/policy/limits`, 'inbox 7\ninbux 7\n'), { code: 'EINVAL' });
  t.regex(await shell.cat(`${ada}/error`), / policy\/limits EINVAL line 2: no key 'inbux': there is inbox,/);
  await t.throwsAsync(shell.write(`${ada}/manifest`, 'name: bob\n'), { code: 'EINVAL' });
  t.regex(await shell.cat(`${ada}/error`), / manifest EINVAL line 1, column 7: .*mv\n$/);
  await t.throwsAsync(shell.write(`${ada}/manifest`, `a: ${'x'.repeat(256 * 1024)}`), { code: 'EFBIG' });
  t.regex(await shell.cat(`${ada}/policy/limits`), /^inbox 1000\n/);
});

test('a document acts when it is closed for good, whole', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const file = await shell.open(`${ada}/policy/wake`, O_WRONLY | O_TRUNC);
  await file.write('man');
  await t.throwsAsync(file.fsync(), { code: 'EINVAL' });
  await file.write('ual\n');
  await file.fsync();
  t.is(await shell.cat(`${ada}/policy/wake`), 'auto\n');
  await file.close();
  t.is(await shell.cat(`${ada}/policy/wake`), 'manual\n');
  await shell.write(`${ada}/policy/wake`, '');
  t.is(await shell.cat(`${ada}/policy/wake`), 'auto\n');
});

test('editors may save a view', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  for (const [directory, scratch, name, text] of [
    [ada, '.manifest.swp', 'manifest', 'soul: edited\n'],
    [`${ada}/policy`, 'sedAb12Cd', 'idle', '5m # short\n'],
  ] as const) {
    await shell.write(`${directory}/${scratch}`, text);
    await shell.rename(`${directory}/${scratch}`, `${directory}/${name}`);
  }
  t.is(await shell.cat(`${ada}/policy/idle`), '5m # short\n');
  t.regex(await shell.cat(`${ada}/manifest`), /soul: \|\n {2}edited\n/);
  await t.throwsAsync(shell.write(`${ada}/policy/new`, 'x'), { code: 'EPERM' });
});

test('the agent reads its settings and writes none; an observer sees none', async (t) => {
  const { attach } = await tree(t);
  const own = attach(agent('ada'));
  t.regex(await own.cat('/manifest'), /^name: ada\n/);
  for (const path of ['/manifest', '/policy/wake', '/tools/allow', '/budget/policy']) {
    await t.throwsAsync(own.write(path, 'x'), { code: 'EACCES' }, path);
    await t.throwsAsync(attach(observer).stat(ada + path), { code: 'ENOENT' }, path);
  }
});

test('the name in the manifest is that of the agent, also after mv', async (t) => {
  const { attach, changes } = await tree(t);
  const shell = attach();
  const { ino } = await shell.stat(`${ada}/manifest`);
  const heard = new Set<number>();
  changes.subscribe({ attributes: (qid) => void heard.add(qid), entry: () => undefined });
  await shell.rename(ada, '/agents/bob');
  t.true(heard.has(ino));
  t.regex(await shell.cat('/agents/bob/manifest'), /^name: bob\n/);
});
