import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { agent, operator } from '../../../src/kernel/subject.ts';
import { bytes, forever, records, world } from '../support.ts';

test('what is set holds at once, is on disk with one record, and there after a restart', async (t) => {
  const { ada, agents, clock, reopen } = await world(t);
  t.is(ada.settings.limits.inbox, 1_000);
  const heard: (readonly string[])[] = [];
  agents.on((change) => {
    if (change.type === 'settings') heard.push(change.paths);
  });
  clock.advance(1_000);
  const stage = await ada.settings.stage('policy/limits', bytes('# few\ninbox 3'), operator);
  t.is(ada.settings.limits.inbox, 1_000);
  ada.settings.publish(stage);
  t.is(ada.settings.limits.inbox, 3);
  t.is(ada.settings.content('policy/limits'), '# few\ninbox 3\n');
  t.regex(ada.settings.content('manifest'), /inbox: 3\n/);
  t.is(ada.settings.changedAt('policy/limits'), clock.now());
  t.is(ada.settings.changedAt('manifest'), clock.now());
  t.not(ada.settings.changedAt('policy/wake'), clock.now());
  t.deepEqual(heard, [['manifest', 'policy/limits']]);
  const last = (await records(ada.trajectory.journal)).at(-1)!;
  t.like(last, { type: 'settings', cause: 'settings', changed: ['manifest', 'policy/limits'], by: 'operator' });
  await agents.sync();
  const again = (await (await reopen()).load('ada'))!;
  t.is(again.settings.limits.inbox, 3);
  t.is(again.settings.content('policy/limits'), '# few\ninbox 3\n');
  t.is(again.settings.changedAt('policy/limits'), clock.now());
});

test('what was flushed and not closed when the server died is set at the next start', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.settings.stage('policy/wake', bytes('manual'), operator);
  await ada.settings.stage('manifest', bytes('name: ada\nsoul: I am Ada.\npolicy: {wake: manual}\n'), operator);
  const agents = await reopen();
  const again = (await agents.load('ada'))!;
  t.is(again.settings.wake, 'manual');
  t.is(again.settings.soul, 'I am Ada.\n');
  t.is((await (await reopen()).load('ada'))!.settings.soul, 'I am Ada.\n');
});

test('a stage that is given up leaves nothing', async (t) => {
  const { ada, reopen } = await world(t);
  const stage = await ada.settings.stage('policy/wake', bytes('manual'), operator);
  await ada.settings.discardStage(stage);
  ada.settings.publish(stage);
  t.is(ada.settings.wake, 'auto');
  t.is((await (await reopen()).load('ada'))!.settings.wake, 'auto');
});

test('what is written and cannot reach the disk has no effect', async (t) => {
  const { ada, store } = await world(t);
  store.broken = true;
  await t.throwsAsync(ada.settings.write('policy/wake', bytes('manual'), operator), { code: 'EIO' });
  t.is(ada.settings.wake, 'auto');
  t.is(ada.settings.content('policy/wake'), 'auto\n');
  store.broken = false;
  await ada.settings.write('policy/wake', bytes('manual'), operator);
  t.is(ada.settings.wake, 'manual');
});

test('a bad document leaves the old value in force', async (t) => {
  const { ada } = await world(t);
  const wrong: readonly (readonly [string, string | Uint8Array, string])[] = [
    ['policy/wake', 'never', 'EINVAL'],
    ['policy/limits', Buffer.from([0xff, 0xfe]), 'EINVAL'],
    ['policy/bogus', 'x', 'ENOENT'],
    ['policy/__proto__', 'x', 'ENOENT'],
    ['manifest', 'name: bob\n', 'EINVAL'],
    ['manifest', 'model: gpt-9\n', 'EINVAL'],
    ['manifest', 'policy: {wake: manual, loop: {batch: x}}\n', 'EINVAL'],
    ['manifest', `description: ${'x'.repeat(300_000)}`, 'EFBIG'],
    ['identity/soul', 'x'.repeat(20_001), 'EINVAL'],
    ['schedule/..', 'every 1m', 'EINVAL'],
  ];
  for (const [path, text, code] of wrong) {
    await t.throwsAsync(ada.settings.write(path, Buffer.from(text as string), operator), { code }, path);
  }
  t.is(ada.settings.wake, 'auto');
  const error = await t.throwsAsync(ada.settings.write('manifest', bytes('soul: x\nname: bob\n'), operator));
  t.is(error.message, "line 2, column 7: name: this agent is 'ada'; to rename it use mv");
  const model = await t.throwsAsync(ada.settings.write('manifest', bytes('model: gpt-9\n'), operator));
  t.regex(model.message, /^line 1, column 8: model: no model 'gpt-9': there is offline, scripted$/);
});

test('a manifest sets all or nothing, the model too, and what it does not say is the default', async (t) => {
  const { ada } = await world(t);
  await ada.settings.write('policy/limits', bytes('inbox 5'), operator);
  await ada.settings.write('manifest', bytes('model: scripted\nsoul: hello\n'), operator);
  t.is(ada.record.model, 'scripted');
  t.is(ada.settings.limits.inbox, 1_000);
  t.is(ada.settings.soul, 'hello\n');
  const whole = ada.settings.content('manifest');
  const count = (await records(ada.trajectory.journal)).length;
  await ada.settings.write('manifest', bytes(whole), operator);
  t.is((await records(ada.trajectory.journal)).length, count, 'what changes nothing is no event');
  t.is(ada.settings.content('manifest'), whole);
});

test('an alias is what it stands for, and text that is repeated counts each time', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.settings.write('manifest', bytes('mcp: {a: &x {command: y, args: [z]}, b: *x}'), operator);
  const shown = ada.settings.content('manifest');
  t.notRegex(shown, /&|\*[a-z]/);
  const many = Array.from({ length: 90 }, (_, n) => `  r${n}: *x`).join('\n');
  const rules = `rules:\n  a: &x "${'x'.repeat(200_000)}"\n${many}\n`;
  await t.throwsAsync(ada.settings.write('manifest', bytes(rules), operator), { code: 'EFBIG' });
  t.is((await (await reopen()).load('ada'))!.settings.content('manifest'), shown);
});

test('all settings together have a bound', async (t) => {
  const { ada } = await world(t);
  for (const name of ['a', 'b']) {
    await ada.settings.write(`schedule/${name}`, bytes(`every 1h\n${'x'.repeat(100_000)}`), operator);
  }
  await t.throwsAsync(ada.settings.write('schedule/c', bytes(`every 1h\n${'x'.repeat(100_000)}`), operator), {
    code: 'EFBIG',
  });
  await ada.settings.write('manifest', bytes(ada.settings.content('manifest')), operator);
  await ada.settings.write('policy/limits', bytes('schedules 2'), operator);
  await t.throwsAsync(ada.settings.write('schedule/c', bytes('every 1h\nx'), operator), { code: 'ENOSPC' });
});

test('who wrote a schedule is known, and an edit of something else does not make it the operator', async (t) => {
  const { ada, reopen } = await world(t);
  await ada.settings.write('schedule/own', bytes('every 1h\nlook\n'), agent('ada'));
  await ada.settings.write('schedule/given', bytes('every 1h\nlook\n'), operator);
  const edited = ada.settings.content('manifest').replace('soul: ""', 'soul: x');
  await ada.settings.write('manifest', bytes(edited), operator);
  t.is(ada.settings.soul, 'x\n');
  const again = (await (await reopen()).load('ada'))!;
  t.deepEqual(again.settings.authorOf('own'), agent('ada'));
  t.deepEqual(again.settings.authorOf('given'), operator);
  t.deepEqual(again.settings.authorOf('constructor'), operator);
  await again.settings.removeSchedule('own', operator);
  t.deepEqual([...again.settings.get().schedule.keys()], ['given']);
  await t.throwsAsync(again.settings.removeSchedule('own', operator), { code: 'ENOENT' });
});

test('an archived agent cannot be set', async (t) => {
  const { ada, agents } = await world(t);
  const stage = await ada.settings.stage('policy/wake', bytes('manual'), operator);
  await agents.archive('ada', operator);
  t.throws(() => ada.settings.publish(stage), { code: 'ESTALE' });
});

test('wake, idle, limits and the model hold as soon as they are set', async (t) => {
  const { ada, agents, clock } = await world(t);
  const set = (path: string, text: string): Promise<void> => ada.settings.write(path, bytes(text), operator);
  await set('policy/wake', 'manual');
  await ada.inbox.accept(bytes('hello'), { origin: operator });
  t.is(await ada.settled(forever()), 'manual 1');
  await set('policy/wake', 'auto');
  t.is(await ada.settled(forever()), 'idle');
  t.is(ada.outbox.size, 1);

  await set('policy/limits', 'notes 1');
  await ada.notes.write('one', bytes('x'));
  await t.throwsAsync(ada.notes.write('two', bytes('x')), { code: 'ENOSPC' });
  await ada.notes.write('one', bytes('y'));

  await set('policy/idle', 'never');
  clock.advance(3_600_000);
  await agents.sync();
  await setImmediate();
  t.is(ada.state, 'idle');
  await set('policy/idle', '1m');
  clock.advance(60_000);
  await agents.sync();
  await setImmediate();
  t.is(ada.state, 'hibernated');
  await set('policy/loop', 'batch 2');
  t.is(ada.state, 'hibernated');
});
