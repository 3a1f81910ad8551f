import { join } from 'node:path';
import test from 'ava';
import { connect, type RemoteFile } from '../../src/9p/client.ts';
import { listen } from '../../src/9p/listen.ts';
import { O_NONBLOCK, O_RDONLY } from '../../src/kernel/mode.ts';
import { operator } from '../../src/kernel/subject.ts';
import { temporary } from '../support/temporary.ts';
import { tree } from '../support/tree.ts';

const EVENTS = 10_000;
/** Records a reader may be behind. */
const BEHIND = 1_000;

interface Event {
  readonly seq?: number;
  readonly gap?: number;
  readonly n?: number;
}

/** What waits for a reader now. */
const drain = async (file: RemoteFile): Promise<Event[]> => {
  let text = '';
  for (;;) {
    try {
      text += Buffer.from(await file.read(65_536, 0)).toString();
    } catch (error) {
      if ((error as { code?: string }).code === 'EAGAIN') break;
      throw error;
    }
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
};

test('over 9P a reader that sleeps through 10,000 events gets a gap and the newest, and stays connected', async (t) => {
  const { agents, views } = await tree(t);
  const failures: unknown[] = [];
  const listener = await listen(
    { kind: 'unix', path: join(temporary(t), 'socket') },
    { attach: (aname, given) => views.attach(operator, aname, given), unexpected: (error) => failures.push(error) },
  );
  const client = await connect(listener.address, { patience: 0 });
  t.teardown(async () => {
    await client.close();
    await listener.close();
  });
  const slow = await client.open('live/events', O_RDONLY | O_NONBLOCK);
  const quick = await client.open('live/events', O_RDONLY | O_NONBLOCK);
  const heard: Event[] = [];
  for (let n = 1; n <= EVENTS; n++) {
    agents.event('test', { n });
    if (n % (BEHIND / 2) === 0) heard.push(...(await drain(quick)));
  }
  t.deepEqual(
    heard.map(({ n }) => n),
    Array.from({ length: EVENTS }, (_, index) => index + 1),
  );
  const [gap, ...late] = await drain(slow);
  t.is(gap!.gap, EVENTS - BEHIND);
  t.deepEqual(
    late.map(({ n }) => n),
    Array.from({ length: BEHIND }, (_, index) => EVENTS - BEHIND + index + 1),
  );
  // It goes on as if nothing had been: whoever wants what is missing finds it in the log, by its number.
  agents.event('test', { n: EVENTS + 1 });
  const [next] = await drain(slow);
  t.is(next!.n, EVENTS + 1);
  t.is(next!.seq, late.at(-1)!.seq! + 1);
  const log = await client.open('log', O_RDONLY);
  let text = '';
  for (let offset = 0; ;) {
    const bytes = await log.read(1024 * 1024, offset);
    if (bytes.length === 0) break;
    offset += bytes.length;
    text += Buffer.from(bytes).toString();
  }
  const seqs = text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Event).seq);
  t.deepEqual(
    seqs,
    seqs.map((_, index) => index + 1),
  );
  t.true(seqs.length > EVENTS);
  for (const file of [slow, quick, log]) await file.close();
  t.is(listener.size, 1);
  t.deepEqual(failures, []);
});
