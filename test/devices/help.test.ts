import test from 'ava';
import type { Model } from '../../src/drivers/model/model.ts';
import { tree } from '../support/tree.ts';

// The paths of tree.md that exist, written down here and not taken from the tables.
const agent = [
  'help',
  'ctl',
  'status',
  'status.json',
  'error',
  'wait',
  'ask',
  'manifest',
  'mounts',
  'inbox/',
  'inbox/new',
  'inbox/NAME',
  'outbox/',
  'outbox/new',
  'outbox/log',
  'outbox/last',
  'outbox/ID',
  'deadletter/',
  'deadletter/ctl',
  'deadletter/ID',
  'goals/',
  'goals/new',
  'goals/NAME/',
  'goals/NAME/text',
  'goals/NAME/status',
  'goals/NAME/priority',
  'goals/NAME/ctl',
  'jobs/',
  'jobs/new',
  'jobs/ID/',
  'jobs/ID/request',
  'jobs/ID/status',
  'jobs/ID/status.json',
  'jobs/ID/result',
  'jobs/ID/error',
  'jobs/ID/cost',
  'jobs/ID/ctl',
  'jobs/ID/log',
  'jobs/ID/turns/',
  'jobs/ID/turns/N/',
  'jobs/ID/turns/N/request.json',
  'jobs/ID/turns/N/response.json',
  'jobs/ID/turns/N/tools/',
  'jobs/ID/turns/N/tools/K/',
  'jobs/ID/turns/N/tools/K/name',
  'jobs/ID/turns/N/tools/K/input.json',
  'jobs/ID/turns/N/tools/K/output',
  'jobs/ID/turns/N/tools/K/status',
  'jobs/ID/feedback',
  'memory/',
  'memory/notes/',
  'memory/notes/NAME',
  'memory/episodes/',
  'memory/episodes/N.md',
  'memory/episodes/summary.md',
  'memory/conversations/',
  'memory/conversations/ID',
  'memory/search',
  'memory/recall',
  'memory/export',
  'memory/ctl',
  'identity/',
  'identity/pubkey',
  'identity/npub',
  'identity/profile',
  'identity/soul',
  'identity/sign',
  'identity/verify',
  'identity/encrypt',
  'identity/decrypt',
  'tools/',
  'tools/allow',
  'budget/',
  'budget/policy',
  'policy/',
  'policy/wake',
  'policy/loop',
  'policy/network',
  'policy/sandbox',
  'policy/permissions',
  'policy/limits',
  'policy/autonomy',
  'policy/redact',
  'policy/idle',
  'schedule/',
  'schedule/next',
  'schedule/NAME',
  'logs/',
  'logs/trace',
  'logs/trajectory',
  'logs/chain',
  'logs/ticks/',
  'logs/ticks/N.json',
  'metrics/',
  'metrics/apm',
  'metrics/queue',
  'metrics/latency',
  'work/',
  'checkpoints/',
  'checkpoints/NAME/',
  'checkpoints/NAME/diff',
  'checkpoints/NAME/manifest',
  'checkpoints/NAME/goals/',
  'checkpoints/NAME/memory/',
  'checkpoints/NAME/memory/notes/',
  'checkpoints/NAME/memory/episodes/',
  'checkpoints/NAME/memory/conversations/',
  'checkpoints/NAME/schedule/',
  'checkpoints/NAME/work/',
  'live',
  'live/trace',
  'live/outbox',
  'live/wait',
  'live/jobs/',
  'live/jobs/ID',
];
const root = [
  'README',
  'help',
  'ctl',
  'status',
  'status.json',
  'index',
  'error',
  'doctor',
  'log',
  'metrics',
  'agents/',
  'agents/NAME/',
  ...agent.map((path) => `agents/NAME/${path}`),
  'mounts',
  'live',
  'live/events',
  'CACHEDIR.TAG',
];
const kinds = 'text value verbs log stream await call new sink queue dir host link'.split(' ');

const read = (lines: readonly string[]): { path: string; kind: string; says: string }[] =>
  lines.map((line) => {
    const [, path, kind, says] = /^(\S+) {2,}(\S+) {2,}(\S.*\S)$/.exec(line) ?? [];
    return { path: path!, kind: kind!, says: says! };
  });

test('help has a line for every path below, with its kind and a sentence', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  for (const [path, expected] of [
    ['/help', root],
    ['/agents/ada/help', agent],
  ] as const) {
    const lines = read(await shell.lines(path));
    t.deepEqual(
      lines.map(({ path }) => path),
      expected,
    );
    for (const { kind, says } of lines) {
      t.true(kinds.includes(kind), kind);
      t.truthy(says);
    }
  }
});

/** Calls a tool in its first turn, so that there is a directory of one. */
const calling: Model = {
  name: 'calling',
  real: false,
  turn: async ({ messages }) => {
    const calls = messages.length === 1 ? [{ id: 'c', name: 'nothing', input: {} }] : [];
    return { text: 'done', calls, usage: { input: 1, output: 1 } };
  },
};

test('every line of help can be walked to, and is of the type its kind says', async (t) => {
  const { attach, agents } = await tree(t, { model: calling });
  const shell = attach();
  await shell.write('/agents/ada/ctl', 'checkpoint monday\n');
  await shell.write('/agents/ada/memory/notes/about', 'hello\n');
  await shell.mkdir('/agents/ada/goals/ship');
  await shell.write('/agents/ada/schedule/daily', '0 9 * * * hello\n');
  const said = await shell.ask('/agents/ada/ask', 'hello');
  t.truthy(said);
  await agents.get('ada')!.settled(new AbortController().signal);
  for (let n = 0; n < 51; n++) await shell.ask('/agents/ada/ask', `and ${n}?`);
  await shell.write('/agents/ada/memory/ctl', 'compact\n');
  await shell.write('/agents/ada/inbox/late', 'Expires: 2000-01-01T00:00:00Z\n\nlate\n');
  await agents.get('ada')!.settled(new AbortController().signal);
  const letter = (await shell.ls('/agents/ada/deadletter')).at(-1)!;
  await shell.write('/agents/ada/ctl', 'pause\n');
  await shell.write('/agents/ada/inbox/first', 'hello\n');
  const id = (await shell.ls('/agents/ada/outbox')).at(-1);
  const real = (path: string): string =>
    path
      .replace('inbox/NAME', 'inbox/first')
      .replace('notes/NAME', 'notes/about')
      .replace('schedule/NAME', 'schedule/daily')
      .replace('goals/NAME', 'goals/ship')
      .replace('jobs/ID/error', 'jobs/53/error')
      .replace('jobs/ID', 'jobs/1')
      .replace('turns/N', 'turns/1')
      .replace('tools/K', 'tools/1')
      .replace('deadletter/ID', `deadletter/${letter}`)
      .replace('checkpoints/NAME', 'checkpoints/monday')
      .replace('N.json', '1.json')
      .replace('N.md', '52.md')
      .replace('conversations/ID', 'conversations/operator')
      .replace('ID', id!)
      .replace('NAME', 'ada');
  for (const { path, kind } of read(await shell.lines('/help'))) {
    const { mode } = await shell.stat(`/${real(path)}`);
    const type = { 0o040000: 'dir', 0o120000: 'link', 0o100000: 'file' }[mode & 0o170000];
    const wanted = kind === 'link' ? 'link' : ['dir', 'queue', 'host'].includes(kind) ? 'dir' : 'file';
    t.is(type, wanted, path);
  }
});

test('what help names is what a listing shows, and the other way round', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const top = (paths: readonly string[]): string[] => paths.filter((path) => !path.slice(0, -1).includes('/'));
  const bare = (paths: readonly string[]): string[] => paths.map((path) => path.replace('/', ''));
  t.deepEqual(
    await shell.ls('/'),
    bare(top(root)).filter((path) => path !== 'CACHEDIR.TAG'),
  );
  t.deepEqual(await shell.ls('/agents/ada'), bare(top(agent)));
});
