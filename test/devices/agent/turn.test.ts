import test from 'ava';
import type { Model } from '../../../src/drivers/model/model.ts';
import { tree } from '../../support/tree.ts';

/** Calls a tool there is not, and answers with what it was told. */
const calling: Model = {
  name: 'calling',
  real: false,
  turn: async ({ messages }) => {
    const last = messages.at(-1)!;
    const results = last.role === 'user' ? last.results : undefined;
    const usage = { input: 1, output: 1 };
    if (results) return { text: results[0]!.output, usage };
    return { text: 'let me see', calls: [{ id: 'c', name: 'nothing', input: { a: 1 } }], usage };
  },
};

test('a turn with a call: what was asked, said, called, and what came of it', async (t) => {
  const { attach } = await tree(t, { model: calling });
  const shell = attach();
  const said = await shell.ask('/agents/ada/ask', 'hello');
  t.regex(said, /^EPERM: there is no tool 'nothing'/);
  const at = '/agents/ada/jobs/1/turns';
  t.deepEqual(await shell.ls(at), ['1', '2']);
  t.like(JSON.parse(await shell.cat(`${at}/1/request.json`)), { model: 'calling', messages: [{ text: 'hello' }] });
  t.like(JSON.parse(await shell.cat(`${at}/1/response.json`)), { text: 'let me see', partial: false });
  t.deepEqual(await shell.ls(`${at}/1/tools/1`), ['name', 'input.json', 'output', 'status']);
  t.is(await shell.cat(`${at}/1/tools/1/name`), 'nothing\n');
  t.deepEqual(JSON.parse(await shell.cat(`${at}/1/tools/1/input.json`)), { a: 1 });
  t.is(await shell.cat(`${at}/1/tools/1/output`), said);
  t.is(await shell.cat(`${at}/1/tools/1/status`), 'failed\n');
  const { messages } = JSON.parse(await shell.cat(`${at}/2/request.json`)) as { messages: { role: string }[] };
  t.deepEqual(
    messages.map(({ role }) => role),
    ['user', 'assistant', 'user'],
  );
  t.deepEqual(await shell.ls(`${at}/2/tools`), []);
  await t.throwsAsync(shell.cat(`${at}/3/request.json`), { code: 'ENOENT' });
});
