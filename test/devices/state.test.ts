import test from 'ava';
import { O_NONBLOCK, O_RDONLY, O_RDWR, isDirectory, isLink } from '../../src/kernel/mode.ts';
import { agent, observer, operator } from '../../src/kernel/subject.ts';
import type { Shell } from '../support/shell.ts';
import { tree, type Tree } from '../support/tree.ts';

// On a descriptor that has not written, no open, read, stat or listing changes state, wakes an agent or makes an id.

const state = async ({ agents, attach }: Tree): Promise<unknown> => {
  await agents.sync();
  const shell = attach();
  const statuses = await Promise.all(agents.list().map(({ name }) => shell.cat(`/agents/${name}/status`)));
  return {
    statuses,
    index: await shell.cat('/index'),
    errors: [await shell.cat('/error'), await shell.cat('/agents/ada/error')],
    log: await shell.cat('/log'),
    trajectory: await shell.cat('/agents/ada/logs/trajectory'),
    inbox: await shell.ls('/agents/ada/inbox'),
    outbox: await shell.ls('/agents/ada/outbox'),
    load: agents.busy,
  };
};

const lookAt = async (shell: Shell): Promise<number> => {
  let looked = 0;
  for await (const { path, entry } of shell.walk()) {
    looked++;
    const { mode } = await shell.stat(path);
    await shell.attributes(path);
    if (isLink(entry.mode)) {
      await shell.readlink(path);
      continue;
    }
    if (isDirectory(entry.mode)) continue;
    for (const flags of [O_RDONLY, ...(mode & 0o222 ? [O_RDWR] : [])]) {
      const file = await shell.open(path, flags | O_NONBLOCK);
      for (let read = 0; read < 4 && (await file.read(1000)).length > 0; read++);
      await file.fsync();
      await file.close();
    }
  }
  return looked;
};

test('looking at everything changes nothing', async (t) => {
  const made = await tree(t);
  const { attach, agents, clock } = made;
  const shell = attach();
  await shell.write('/agents/ada/inbox/first', 'hello\n');
  await shell.cat('/agents/ada/wait');
  await shell.mkdir('/agents/bob');
  await shell.write('/agents/bob/ctl', 'pause\n');
  await shell.write('/agents/bob/inbox/waiting', 'hello\n');
  await shell.write('/agents/bob/memory/notes/about', 'x');
  await shell.mkdir('/agents/carl');
  agents.get('carl')!.fail('it broke');
  const before = await state(made);
  clock.advance(5000);
  t.true((await lookAt(attach(operator))) > 60);
  t.true((await lookAt(attach(agent('ada')))) > 15);
  t.true((await lookAt(attach(observer))) > 5);
  t.deepEqual(await state(made), before);
});

test('nothing that a listing shows as a file waits', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  for await (const { path, entry } of shell.walk()) {
    if (isDirectory(entry.mode) || isLink(entry.mode)) continue;
    // Without O_NONBLOCK, to the end.
    await t.notThrowsAsync(shell.cat(path), path);
  }
});
