import test from 'ava';
import { operator } from '../../../src/kernel/subject.ts';
import { tree } from '../../support/tree.ts';

const keys = ['version', 'started', 'uptime', 'agents', 'loaded', 'listeners', 'mounts', 'model'];

test('key value lines, in the order of the document', async (t) => {
  const { attach, agents, clock } = await tree(t, { mounts: ['/home/me/weft'] });
  await agents.define('bob', operator);
  await agents.get('bob')!.pause(operator);
  clock.advance(3_723_000);
  const lines = await attach().lines('/status');
  t.deepEqual(lines, [
    'version 1.2.3',
    'started 2030-01-01T00:00:00.000Z',
    'uptime 1h2m',
    // An hour went by: who had nothing to do sleeps.
    'agents total 2, hibernated 1, paused 1',
    'loaded 2',
    'listeners',
    'mounts /home/me/weft',
    'model offline (NOT A LANGUAGE MODEL: no provider is configured)',
  ]);
  t.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    keys,
  );
});

test('the twin for programs has the same keys in the same order', async (t) => {
  const { attach } = await tree(t, {
    listeners: [{ address: 'unix:/run/weft/9p.sock', insecure: false, tier: 'operator' }],
  });
  const text = await attach().cat('/status.json');
  t.true(text.endsWith('}\n'));
  const record = JSON.parse(text) as Record<string, unknown>;
  t.deepEqual(Object.keys(record), keys);
  t.deepEqual(record['agents'], { total: 1, idle: 1 });
  t.deepEqual(record['model'], { provider: 'offline', real: false });
  t.deepEqual(record['listeners'], [{ address: 'unix:/run/weft/9p.sock', insecure: false, tier: 'operator' }]);
});

test('an insecure listener is shown loudly', async (t) => {
  const { attach } = await tree(t, {
    listeners: [
      { address: 'unix:/run/weft/9p.sock', insecure: false, tier: 'operator' },
      { address: 'tcp:127.0.0.1:5640', insecure: true, tier: 'observer' },
    ],
  });
  t.regex(
    await attach().cat('/status'),
    /^listeners unix:\/run\/weft\/9p\.sock, tcp:127\.0\.0\.1:5640 INSECURE: anybody is observer$/m,
  );
});

test('the uptime of a second look is not that of the first', async (t) => {
  const { attach, clock } = await tree(t);
  const shell = attach();
  t.regex(await shell.cat('/status'), /^uptime 0s$/m);
  clock.advance(2000);
  t.regex(await shell.cat('/status'), /^uptime 2s$/m);
});
