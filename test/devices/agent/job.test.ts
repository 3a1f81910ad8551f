import test from 'ava';
import { O_NONBLOCK, O_RDONLY } from '../../../src/kernel/mode.ts';
import { ScriptedModel } from '../../agent/support.ts';
import { drain } from '../../conformance/client.ts';
import { tree } from '../../support/tree.ts';

const at = '/agents/ada/jobs';

test('cancel while the model speaks: the result fails with it, what was said stays, the agent is idle', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  await shell.ask(`${at}/new`, 'hello');
  const early = await shell.open(`${at}/1/result`, O_RDONLY);
  const waiting = t.throwsAsync(drain(early), { code: 'ECANCELED' });
  await model.say('thin');
  const begun = performance.now();
  await shell.write(`${at}/1/ctl`, 'cancel\n');
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
  await waiting;
  t.true(performance.now() - begun < 100, String(performance.now() - begun));
  t.like(JSON.parse(await shell.cat(`${at}/1/turns/1/response.json`)), { partial: true, text: 'thin' });
  t.like(JSON.parse(await shell.cat(`${at}/1/status.json`)), { status: 'cancelled' });
  t.is(await shell.cat(`${at}/1/error`), 'ECANCELED: cancelled by operator\n');
  t.false((await shell.ls(`${at}/1`)).includes('result'));
  await t.throwsAsync(shell.cat(`${at}/1/result`), { code: 'ECANCELED' });
  t.deepEqual(await shell.ls('/agents/ada/deadletter'), ['ctl']);
  await t.throwsAsync(shell.write(`${at}/1/ctl`, 'cancel\n'), { code: 'EINVAL' });
  await early.close();
});

test('ctl of the agent: cancel ends what runs, or the job it names, by number or name', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  await shell.ask(`${at}/new`, 'one');
  await shell.ask(`${at}/new`, 'two');
  await shell.mkdir(`${at}/third`);
  await shell.write(`${at}/third/request`, 'three');
  await model.called();
  await shell.write('/agents/ada/ctl', 'cancel third\ncancel 2\n');
  t.like(JSON.parse(await shell.cat(`${at}/2/status.json`)), { status: 'cancelled', attempts: 0 });
  t.like(JSON.parse(await shell.cat(`${at}/third/status.json`)), { status: 'cancelled', id: 3 });
  await shell.write('/agents/ada/ctl', 'cancel\n');
  t.is(await shell.cat('/agents/ada/wait'), 'idle\n');
  t.like(JSON.parse(await shell.cat(`${at}/1/status.json`)), { status: 'cancelled', attempts: 1 });
  t.deepEqual(model.asked, ['one']);
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'cancel 9\n'), { code: 'ENOENT' });
});

test('who must not wait is told so', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const shell = attach();
  await shell.ask(`${at}/new`, 'one');
  const file = await shell.open(`${at}/1/result`, O_RDONLY | O_NONBLOCK);
  await t.throwsAsync(drain(file), { code: 'EAGAIN' });
  await file.close();
  await model.answer('two');
  t.is(await shell.cat(`${at}/1/result`), 'two');
  t.is((await shell.stat(`${at}/1/result`)).size, 3);
});
