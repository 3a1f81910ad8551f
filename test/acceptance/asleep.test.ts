import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import test from 'ava';
import { RESIDENTS } from '../../src/agent/agents.ts';
import { measured } from '../soak/server.ts';
import { fuse } from '../support/fuse.ts';
import { populate } from '../support/population.ts';
import { built } from '../support/program.ts';
import { place } from '../support/served.ts';

test.before(built);

const COUNT = 2_000;

fuse('a walk over the whole tree of agents that sleep leaves no more of them in memory than the bound', async (t) => {
  t.timeout(180_000);
  const base = place(t);
  mkdirSync(join(base, 'state'), { mode: 0o700 });
  await populate(join(base, 'state', 'db'), COUNT);
  const { tree, measure } = await measured(t, { base });
  const loaded = async (): Promise<number> => {
    const { out } = await tree.sh('cat status.json');
    return (JSON.parse(out) as { loaded: number }).loaded;
  };
  t.is(await loaded(), 0, 'nobody has looked yet');
  // Deep enough for every file of an agent; each is looked up and asked for its attributes.
  const walk = await tree.sh('find agents -type f -size +100M; find agents | wc -l');
  t.is(walk.err, '');
  t.true(Number(walk.out) > COUNT * 20, walk.out);
  // Collected agents are counted until the engine has heard of it.
  let now = Infinity;
  for (let look = 0; look < 20 && now > RESIDENTS; look++) {
    await measure();
    now = await loaded();
    if (now > RESIDENTS) await after(200);
  }
  t.log(`${now} in memory afterwards`);
  t.true(now <= RESIDENTS, `${now} are in memory`);
  const state = await tree.sh('cut -f2 index | sort | uniq -c');
  t.regex(state.out, /^ *2000 hibernated$/m, 'and none was woken');
});
