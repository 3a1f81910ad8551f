import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { operator } from '../../../src/kernel/subject.ts';
import { unfinishedPrefix } from '../../../src/agent/keys.ts';
import { bytes, forever, records } from '../support.ts';
import { lives, notes } from './lives.ts';

const then = { a: 'one', b: 'kept' };
const now = { a: 'two', b: 'kept', c: 'new' };

/** Another state than that of the checkpoint `x`. */
const changed = async (t: Parameters<typeof lives>[0]): ReturnType<typeof lives> => {
  const life = await lives(t);
  const ada = await life.agent('ada');
  await ada.checkpoints.make('x', operator);
  await ada.notes.write('a', bytes('two'));
  await ada.notes.write('c', bytes('new'));
  life.write('work/ada/sub/file', 'two');
  life.write('work/ada/other', 'new');
  return life;
};

test('state and work/ are what they were; messages and history stay, and what was before is another checkpoint', async (t) => {
  const life = await changed(t);
  const was = await life.agent('ada');
  await was.ask(bytes('hello'), operator, forever());
  await was.pause(operator);
  await was.inbox.accept(bytes('later'), { origin: operator });
  const saved = await life.agents.restore('ada', 'x', operator);
  t.regex(saved, /^before-restore-\d{8}T\d{6}Z$/);
  const ada = await life.agent('ada');
  t.not(ada, was);
  t.true(was.gone);
  t.deepEqual(notes(ada), then);
  t.is(life.read('work/ada/sub/file'), 'one');
  t.is(life.read('work/ada/other'), undefined);
  t.is(ada.state, 'paused');
  t.is(ada.inbox.size, 1);
  t.is(ada.outbox.size, 1);
  t.is(ada.record.tick, 1);
  t.is(await ada.trajectory.verify(), undefined);
  const trail = await records(ada.trajectory.journal);
  t.like(trail.at(-1), { type: 'restore', checkpoint: 'x', saved, by: 'operator' });
  t.deepEqual(
    (await ada.checkpoints.list()).map(({ name, before }) => [name, before]),
    [
      ['x', undefined],
      [saved, 'x'],
    ],
  );
  await life.agents.restore('ada', saved, operator);
  t.deepEqual(notes(await life.agent('ada')), now);
  t.is(life.read('work/ada/other'), 'new');
});

test('what was open belongs to nobody any more; who waits for it is told', async (t) => {
  const life = await changed(t);
  const was = await life.agent('ada');
  const stage = await was.notes.stage('late', bytes('x'));
  await was.pause(operator);
  const asked = was.ask(bytes('hello'), operator, forever());
  await t.notThrowsAsync(Promise.resolve());
  const restored = life.agents.restore('ada', 'x', operator);
  await t.throwsAsync(asked, { code: 'ESTALE' });
  await restored;
  t.throws(() => was.notes.publish(stage), { code: 'ESTALE' });
  t.deepEqual(notes(await life.agent('ada')), then);
});

test('ENOENT, EBUSY while it works, and then nothing happened', async (t) => {
  const life = await lives(t, 'scripted');
  const ada = await life.agent('ada');
  await t.throwsAsync(life.agents.restore('ada', 'x', operator), { code: 'ENOENT' });
  await t.throwsAsync(life.agents.restore('bob', 'x', operator), { code: 'ENOENT' });
  await ada.checkpoints.make('x', operator);
  const asked = ada.ask(bytes('one'), operator, forever());
  await life.model.called();
  await t.throwsAsync(life.agents.restore('ada', 'x', operator), { code: 'EBUSY' });
  await life.model.answer('1');
  await asked;
  await ada.settled(forever());
  t.deepEqual(
    (await ada.checkpoints.list()).map(({ name }) => name),
    ['x'],
  );
  t.deepEqual(await life.keys(unfinishedPrefix), []);
});

test('a message that comes while it is restored is answered afterwards', async (t) => {
  const life = await changed(t);
  const restored = life.agents.restore('ada', 'x', operator);
  const later = restored.then(async () => (await life.agent('ada')).ask(bytes('after'), operator, forever()));
  t.regex(await later, /after/);
});

test('what restores save is bounded', async (t) => {
  const life = await changed(t);
  for (let i = 0; i < 12; i++) await life.agents.restore('ada', 'x', operator);
  const ada = await life.agent('ada');
  const all = await ada.checkpoints.list();
  t.is(all.filter(({ before }) => before !== undefined).length, 10);
  t.is(readdirSync(join(life.directory, 'checkpoints', '00000001')).length, 11);
});

test('a server that dies at any write of a restore comes back before it or after it', async (t) => {
  let whole = false;
  const seen = new Set<string>();
  for (let after = 0; !whole; after++) {
    t.true(after < 40, 'it ends');
    const life = await changed(t);
    life.store.dieAfter(after);
    whole = await Promise.race([
      life.agents.restore('ada', 'x', operator).then(() => true),
      life.store.died.then(() => false),
    ]);
    await life.reopen();
    const ada = await life.agent('ada');
    const found = notes(ada);
    const files = [life.read('work/ada/sub/file'), life.read('work/ada/other')];
    if (found['c'] === undefined) {
      t.deepEqual(found, then);
      t.deepEqual(files, ['one', undefined]);
      seen.add('after');
    } else {
      t.deepEqual(found, now);
      t.deepEqual(files, ['two', 'new']);
      seen.add('before');
    }
    t.deepEqual(await life.keys(unfinishedPrefix), []);
    t.is(await ada.trajectory.verify(), undefined);
    t.deepEqual(
      readdirSync(join(life.directory, 'checkpoints', '00000001')).sort(),
      (await ada.checkpoints.list()).map(({ key }) => key).sort(),
    );
  }
  t.deepEqual([...seen].sort(), ['after', 'before']);
});

test('a disk that refuses in the middle: the agent cannot be loaded before it is what it must be', async (t) => {
  const life = await changed(t);
  const restored = life.agents.restore('ada', 'x', operator);
  const { store } = life;
  const batch = store.batch.bind(store);
  let count = 0;
  store.batch = async (operations) => {
    // After the decision.
    if (operations.some(({ key }) => key.startsWith(`${unfinishedPrefix}restore`))) count++;
    else if (count > 0) throw Object.assign(new Error('the disk is gone'), { code: 'EIO' });
    return batch(operations);
  };
  await t.throwsAsync(restored, { code: 'EIO' });
  await t.throwsAsync(life.agent('ada'), { code: 'EIO' });
  store.batch = batch;
  t.deepEqual(notes(await life.agent('ada')), then);
  t.is(life.read('work/ada/sub/file'), 'one');
});
