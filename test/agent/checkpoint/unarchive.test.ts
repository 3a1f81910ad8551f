import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { operator } from '../../../src/kernel/subject.ts';
import { unfinishedPrefix } from '../../../src/agent/keys.ts';
import { bytes, forever, records } from '../support.ts';
import { lives, notes } from './lives.ts';

test('an archived agent comes back with everything', async (t) => {
  const life = await lives(t);
  const was = await life.agent('ada');
  await was.checkpoints.make('x', operator);
  await was.ask(bytes('hello'), operator, forever());
  await was.pause(operator);
  await was.inbox.accept(bytes('later'), { origin: operator });
  const archived = await life.agents.archive('ada', operator);
  t.is(life.read(`work/${archived}/sub/file`), 'one');
  const ada = await life.agents.unarchive('ada', operator);
  t.deepEqual(notes(ada), { a: 'one', b: 'kept' });
  t.is(life.read('work/ada/sub/file'), 'one');
  t.deepEqual([ada.state, ada.inbox.size, ada.outbox.size, ada.record.tick], ['paused', 1, 1, 1]);
  t.is(ada.checkpoints.get('x')?.name, 'x');
  t.like((await records(ada.trajectory.journal)).at(-1), { from: 'archived', to: 'paused', archived });
  t.is(await ada.trajectory.verify(), undefined);
  t.deepEqual(life.agents.archived.list(), []);
  await ada.resume(operator);
  t.is(await ada.settled(forever()), 'idle');
  t.is(ada.outbox.size, 2);
});

test('the newest of a name, or the very one; under another name; EEXIST, ENOENT, EINVAL', async (t) => {
  const life = await lives(t);
  const first = await life.agents.archive('ada', operator);
  life.clock.advance(1000);
  await life.agents.define('ada', operator);
  const second = await life.agents.archive('ada', operator);
  t.is((await life.agents.unarchive('ada', operator)).notes.size, 0);
  await t.throwsAsync(life.agents.unarchive(first, operator), { code: 'EEXIST' });
  await t.throwsAsync(life.agents.unarchive(second, operator, 'eva'), { code: 'ENOENT', message: new RegExp(first) });
  await t.throwsAsync(life.agents.unarchive(first, operator, 'Bad name'), { code: 'EINVAL' });
  const eva = await life.agents.unarchive(first, operator, 'eva');
  t.deepEqual([eva.name, notes(eva)['a'], life.read('work/eva/sub/file')], ['eva', 'one', 'one']);
  await t.throwsAsync(life.agents.unarchive('ada', operator, 'zoe'), { code: 'ENOENT' });
});

for (const what of ['archive', 'unarchive', 'rename'] as const) {
  test(`a server that dies at any write of ${what} loses no directory`, async (t) => {
    let whole = false;
    for (let after = 0; !whole; after++) {
      t.true(after < 20, 'it ends');
      const life = await lives(t);
      if (what === 'unarchive') await life.agents.archive('ada', operator);
      life.store.dieAfter(after);
      const work = {
        archive: () => life.agents.archive('ada', operator),
        unarchive: () => life.agents.unarchive('ada', operator, 'eva'),
        rename: () => life.agents.rename('ada', 'eva', operator),
      }[what]();
      whole = await Promise.race([work.then(() => true), life.store.died.then(() => false)]);
      await life.reopen();
      t.deepEqual(await life.keys(unfinishedPrefix), []);
      const names = [...life.agents.list(), ...life.agents.archived.list()].map(({ name }) => name);
      t.deepEqual(readdirSync(join(life.directory, 'work')), names);
      t.is(life.read(`work/${names[0]!}/sub/file`), 'one');
    }
  });
}

test('what is too old goes with its directories', async (t) => {
  const life = await lives(t);
  await (await life.agent('ada')).checkpoints.make('x', operator);
  await life.agents.archive('ada', operator);
  life.clock.advance(8 * 24 * 3_600_000);
  await life.agents.sweep();
  t.deepEqual(readdirSync(join(life.directory, 'work')), []);
  t.deepEqual(readdirSync(join(life.directory, 'checkpoints')), []);
  await t.throwsAsync(life.agents.unarchive('ada', operator), { code: 'ENOENT' });
});
