import test from 'ava';
import { O_RDWR, O_WRONLY } from '../../../src/kernel/mode.ts';
import { ScriptedModel } from '../../agent/support.ts';
import { drain } from '../../conformance/client.ts';
import { tree } from '../../support/tree.ts';

test('read first it tells how it is used, and nothing happens', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  t.regex(await shell.cat('/agents/ada/ask'), /exec 3<>ask.*\n.*weft ask ada/);
  t.is(agents.get('ada')!.record.tick, 0);
  t.is(agents.get('ada')!.pending, 0);
});

test('a prompt in, the answer out on the same descriptor, and again', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const file = await attach().open('/agents/ada/ask', O_RDWR);
  for (const word of ['one', 'two']) {
    await file.write(`say ${word}\n`);
    const answer = drain(file);
    await model.answer(`${word}\n`);
    t.is(await answer, `${word}\n`);
  }
  await file.close();
  t.deepEqual(model.asked, ['say one\n', 'say two\n']);
});

test('a prompt is all body, whatever it looks like', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const answer = attach().ask('/agents/ada/ask', 'Subject: x\n\nText\n');
  await model.answer('yes\n');
  t.is(await answer, 'yes\n');
  t.deepEqual(model.asked, ['Subject: x\n\nText\n']);
});

test('closed without a read it is submitted all the same', async (t) => {
  const model = new ScriptedModel();
  const { attach } = await tree(t, { model });
  const file = await attach().open('/agents/ada/ask', O_WRONLY);
  await file.write('hello\n');
  t.deepEqual(model.asked, []);
  await file.close();
  await model.called();
  t.deepEqual(model.asked, ['hello\n']);
  await model.answer('yes\n');
});

test('256 KiB of prompt, not more; what is not text is EINVAL and error says so', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const file = await shell.open('/agents/ada/ask', O_RDWR);
  await file.write('x'.repeat(256 * 1024));
  await t.throwsAsync(file.write('x'), { code: 'EFBIG' });
  await file.close();
  const bytes = await shell.open('/agents/ada/ask', O_RDWR);
  await bytes.write(Buffer.of(0xff));
  await t.throwsAsync(drain(bytes), { code: 'EINVAL' });
  await bytes.close();
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, / ask EINVAL this is not UTF-8 text$/);
});

test('a prompt that fails with nobody reading is told in error', async (t) => {
  const { attach, agents } = await tree(t);
  const shell = attach();
  const file = await shell.open('/agents/ada/ask', O_WRONLY);
  await file.write(Buffer.of(0xff));
  await file.close();
  await agents.sync();
  t.regex((await shell.lines('/agents/ada/error')).at(-1)!, / ask EINVAL this is not UTF-8 text$/);
});
