import test from 'ava';
import { tree } from '../../support/tree.ts';

test('one record a tick, dated by its end', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  t.deepEqual(await shell.ls('/agents/ada/logs/ticks'), []);
  for (const text of ['one', 'two']) {
    clock.advance(60_000);
    await shell.write('/agents/ada/inbox/new', text);
    await shell.cat('/agents/ada/wait');
  }
  clock.advance(3_600_000);
  t.deepEqual(await shell.ls('/agents/ada/logs/ticks'), ['1.json', '2.json']);
  t.like(JSON.parse(await shell.cat('/agents/ada/logs/ticks/2.json')), {
    tick: 2,
    cause: 'message',
    outcome: 'answered',
  });
  t.is((await shell.stat('/agents/ada/logs/ticks/1.json')).mtimeMs, Date.UTC(2030, 0, 1, 0, 1));
  t.is((await shell.stat('/agents/ada/logs/ticks/2.json')).mtimeMs, Date.UTC(2030, 0, 1, 0, 2));
  for (const name of ['0.json', '3.json', '01.json', '1', '-1.json', '1.json.json'])
    await t.throwsAsync(shell.stat(`/agents/ada/logs/ticks/${name}`), { code: 'ENOENT' }, name);
});
