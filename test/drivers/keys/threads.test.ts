import test from 'ava';
import { Threads } from '../../../src/drivers/keys/threads.ts';

test('threads that cannot begin fail what waits for them, and nothing else', async (t) => {
  const threads = new Threads(new Uint8Array(32), 1, './no-such-worker.cjs');
  const asked = [1, 2, 3].map((agent) => threads.run({ do: 'generate', agents: [agent] }));
  for (const end of await Promise.allSettled(asked)) {
    t.is(end.status, 'rejected');
    t.regex(String((end as PromiseRejectedResult).reason), /no-such-worker/);
  }
  t.true(threads.broken);
  await t.throwsAsync(threads.run({ do: 'generate', agents: [1] }), { any: true });
  await threads.close();
});
