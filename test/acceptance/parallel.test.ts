import test from 'ava';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';
import { served } from '../support/served.ts';

test.before(built);

const MANY = 100;

fuse(
  `${MANY} processes write inbox/new at once: each message is answered once, in the order of publishing, one tick at a time`,
  async (t) => {
    const tree = await served(t);
    const ran = await tree.sh(`
    mkdir agents/bob && cd agents/bob
    for n in $(seq ${MANY}); do sh -c "echo $n > inbox/new" & done
    wait; cat wait`);
    t.is(ran.code, 0, ran.err);
    t.is(ran.out, 'idle\n');
    const lines = async (script: string): Promise<Record<string, unknown>[]> =>
      (await tree.sh(`cd agents/bob; ${script}`)).out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const published = (await lines(`cat ../../log`))
      .filter(({ type, agent }) => type === 'message.accepted' && agent === 'bob')
      .map(({ id }) => id);
    t.is(new Set(published).size, MANY);
    t.deepEqual(
      (await lines('cat outbox/log')).map(({ in_reply_to: id }) => id),
      published,
    );
    const ticks = await lines(`for n in $(seq ${MANY}); do cat logs/ticks/$n.json; done`);
    t.deepEqual(
      ticks.map(({ message, job, outcome }) => [message, job, outcome]),
      published.map((id, index) => [id, index + 1, 'answered']),
    );
    for (const [index, { started }] of ticks.entries()) {
      if (index > 0) t.true(String(started) >= String(ticks[index - 1]!['ended']), `tick ${index + 1}`);
    }
    const asked = (await tree.sh(`cd agents/bob; for n in $(seq ${MANY}); do cat jobs/$n/request; done`)).out.trim();
    t.deepEqual(
      asked
        .split('\n')
        .map(Number)
        .sort((a, b) => a - b),
      Array.from({ length: MANY }, (_, n) => n + 1),
    );
    t.regex((await tree.sh('cat agents/bob/status')).out, new RegExp(`^tick ${MANY}$`, 'm'));
  },
);
