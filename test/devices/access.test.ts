import test from 'ava';
import { O_CREAT, O_RDONLY, O_WRONLY, O_NONBLOCK, isDirectory, isLink } from '../../src/kernel/mode.ts';
import { agent, observer, operator, type Subject } from '../../src/kernel/subject.ts';
import type { Shell } from '../support/shell.ts';
import { tree, type Tree } from '../support/tree.ts';
import type { ExecutionContext } from 'ava';

/**
 * What each tier may do with each path, from the contract and not from the code: x walk to it and list it, r read, w write,
 * c create in it, d remove it; - where it does not exist for that tier.
 */
interface Right {
  readonly operator: string;
  /** In the agent's own view. */
  readonly agent: string;
  readonly observer: string;
}

const root: Record<string, Right> = {
  '/': { operator: 'x', agent: '', observer: 'x' },
  '/README': { operator: 'xr', agent: '', observer: '-' },
  '/help': { operator: 'xr', agent: '', observer: '-' },
  '/ctl': { operator: 'xrw', agent: '', observer: '-' },
  '/status': { operator: 'xr', agent: '', observer: 'xr' },
  '/status.json': { operator: 'xr', agent: '', observer: '-' },
  '/index': { operator: 'xr', agent: '', observer: 'xr' },
  '/error': { operator: 'xr', agent: '', observer: '-' },
  '/doctor': { operator: 'xr', agent: '', observer: '-' },
  '/log': { operator: 'xr', agent: '', observer: '-' },
  '/metrics': { operator: 'xr', agent: '', observer: 'xr' },
  '/agents': { operator: 'xc', agent: '', observer: 'x' },
  '/mounts': { operator: 'xr', agent: '', observer: '-' },
  '/live': { operator: 'x', agent: '', observer: '-' },
  '/.live': { operator: 'x', agent: '', observer: '-' },
  '/.live/events': { operator: 'xr', agent: '', observer: '-' },
  '/CACHEDIR.TAG': { operator: 'xr', agent: '', observer: '-' },
};

const own: Record<string, Right> = {
  '': { operator: 'xd', agent: 'x', observer: 'x' },
  '/help': { operator: 'xr', agent: 'xr', observer: '-' },
  '/ctl': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/status': { operator: 'xr', agent: 'xr', observer: 'xr' },
  '/status.json': { operator: 'xr', agent: 'xr', observer: '-' },
  '/error': { operator: 'xr', agent: 'xr', observer: '-' },
  '/wait': { operator: 'x', agent: 'x', observer: '-' },
  '/ask': { operator: 'xrw', agent: '-', observer: '-' },
  '/manifest': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/mounts': { operator: 'xr', agent: 'xr', observer: '-' },
  '/inbox': { operator: 'xc', agent: 'x', observer: '-' },
  '/inbox/new': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/inbox/waiting': { operator: 'xrwd', agent: 'xr', observer: '-' },
  '/outbox': { operator: 'x', agent: 'x', observer: '-' },
  '/outbox/new': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/outbox/log': { operator: 'xr', agent: 'xr', observer: '-' },
  '/outbox/last': { operator: 'xr', agent: 'xr', observer: '-' },
  '/outbox/ID': { operator: 'xr', agent: 'xr', observer: '-' },
  '/deadletter': { operator: 'x', agent: 'x', observer: '-' },
  '/deadletter/ctl': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/jobs': { operator: 'xc', agent: 'x', observer: '-' },
  '/jobs/new': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/jobs/1': { operator: 'x', agent: 'x', observer: '-' },
  '/jobs/1/request': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/status': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/status.json': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/result': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/cost': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/log': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/ctl': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/jobs/1/feedback': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/jobs/1/turns': { operator: 'x', agent: 'x', observer: '-' },
  '/jobs/1/turns/1': { operator: 'x', agent: 'x', observer: '-' },
  '/jobs/1/turns/1/request.json': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/turns/1/response.json': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/1/turns/1/tools': { operator: 'x', agent: 'x', observer: '-' },
  '/jobs/2': { operator: 'x', agent: 'x', observer: '-' },
  '/jobs/2/request': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/2/status': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/2/status.json': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/2/cost': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/2/log': { operator: 'xr', agent: 'xr', observer: '-' },
  '/jobs/2/ctl': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/jobs/2/feedback': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/jobs/2/turns': { operator: 'x', agent: 'x', observer: '-' },
  '/identity': { operator: 'x', agent: 'x', observer: '-' },
  '/identity/pubkey': { operator: 'xr', agent: 'xr', observer: '-' },
  '/identity/npub': { operator: 'xr', agent: 'xr', observer: '-' },
  '/identity/profile': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/identity/soul': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/identity/sign': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/identity/verify': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/identity/encrypt': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/identity/decrypt': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/goals': { operator: 'xc', agent: 'xc', observer: '-' },
  '/goals/new': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/goals/ship': { operator: 'xd', agent: 'xd', observer: '-' },
  '/goals/ship/text': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/goals/ship/status': { operator: 'xr', agent: 'xr', observer: '-' },
  '/goals/ship/priority': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/goals/ship/ctl': { operator: 'xrw', agent: 'xrw', observer: '-' },
  '/memory': { operator: 'x', agent: 'x', observer: '-' },
  '/memory/notes': { operator: 'xc', agent: 'xc', observer: '-' },
  '/memory/notes/about': { operator: 'xrwd', agent: 'xrwd', observer: '-' },
  '/memory/notes/deep': { operator: 'xcd', agent: 'xcd', observer: '-' },
  '/memory/notes/deep/er': { operator: 'xrwd', agent: 'xrwd', observer: '-' },
  '/memory/episodes': { operator: 'x', agent: 'x', observer: '-' },
  '/memory/episodes/1.md': { operator: 'xr', agent: 'xr', observer: '-' },
  '/memory/conversations': { operator: 'x', agent: 'x', observer: '-' },
  '/memory/conversations/operator': { operator: 'xr', agent: 'xr', observer: '-' },
  '/memory/search': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/memory/recall': { operator: 'xr', agent: 'xr', observer: '-' },
  '/memory/export': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/memory/ctl': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/tools': { operator: 'x', agent: 'x', observer: '-' },
  '/tools/allow': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/budget': { operator: 'x', agent: 'x', observer: '-' },
  '/budget/policy': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy': { operator: 'x', agent: 'x', observer: '-' },
  '/policy/wake': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/loop': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/network': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/sandbox': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/permissions': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/limits': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/autonomy': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/redact': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/policy/idle': { operator: 'xrw', agent: 'xr', observer: '-' },
  '/checkpoints': { operator: 'x', agent: 'x', observer: '-' },
  '/checkpoints/monday': { operator: 'xd', agent: 'x', observer: '-' },
  '/checkpoints/monday/diff': { operator: 'xr', agent: 'xr', observer: '-' },
  '/checkpoints/monday/manifest': { operator: 'xr', agent: 'xr', observer: '-' },
  '/checkpoints/monday/goals': { operator: 'x', agent: 'x', observer: '-' },
  '/checkpoints/monday/memory': { operator: 'x', agent: 'x', observer: '-' },
  '/checkpoints/monday/memory/notes': { operator: 'x', agent: 'x', observer: '-' },
  '/checkpoints/monday/memory/episodes': { operator: 'x', agent: 'x', observer: '-' },
  '/checkpoints/monday/memory/conversations': { operator: 'x', agent: 'x', observer: '-' },
  '/checkpoints/monday/schedule': { operator: 'x', agent: 'x', observer: '-' },
  '/checkpoints/monday/work': { operator: 'x', agent: 'x', observer: '-' },
  '/schedule': { operator: 'xc', agent: 'xc', observer: '-' },
  '/schedule/next': { operator: 'xr', agent: 'xr', observer: '-' },
  '/schedule/daily': { operator: 'xrwd', agent: 'xrwd', observer: '-' },
  '/logs': { operator: 'x', agent: 'x', observer: '-' },
  '/logs/trace': { operator: 'xr', agent: 'xr', observer: '-' },
  '/logs/trajectory': { operator: 'xr', agent: 'xr', observer: '-' },
  '/logs/chain': { operator: 'xr', agent: 'xr', observer: '-' },
  '/logs/ticks': { operator: 'x', agent: 'x', observer: '-' },
  '/logs/ticks/1.json': { operator: 'xr', agent: 'xr', observer: '-' },
  '/metrics': { operator: 'x', agent: 'x', observer: 'x' },
  '/metrics/apm': { operator: 'xr', agent: 'xr', observer: 'xr' },
  '/metrics/queue': { operator: 'xr', agent: 'xr', observer: 'xr' },
  '/metrics/latency': { operator: 'xr', agent: 'xr', observer: 'xr' },
  '/work': { operator: 'xc', agent: 'xc', observer: '-' },
  '/work/file': { operator: 'xrwd', agent: 'xrwd', observer: '-' },
  '/work/dir': { operator: 'xcd', agent: 'xcd', observer: '-' },
  '/work/dir/file': { operator: 'xrwd', agent: 'xrwd', observer: '-' },
  '/live': { operator: 'x', agent: 'x', observer: '-' },
  '/.live': { operator: 'x', agent: 'x', observer: '-' },
  '/.live/trace': { operator: 'xr', agent: 'xr', observer: '-' },
  '/.live/outbox': { operator: 'xr', agent: 'xr', observer: '-' },
  '/.live/wait': { operator: 'xr', agent: 'xr', observer: '-' },
  '/.live/jobs': { operator: 'x', agent: 'x', observer: '-' },
  '/.live/jobs/2': { operator: 'xr', agent: 'xr', observer: '-' },
};

/** The tree with something everywhere, and the id of the one message that was sent. */
const furnished = async (t: ExecutionContext): Promise<Tree & { id: string }> => {
  const made = await tree(t);
  const shell = made.attach();
  const at = '/agents/ada';
  await shell.write(`${at}/ctl`, 'checkpoint monday\n');
  await shell.write(`${at}/inbox/first`, 'hello\n');
  await shell.cat(`${at}/wait`);
  await shell.write(`${at}/ctl`, 'pause\n');
  await shell.write(`${at}/inbox/waiting`, 'hello\n');
  await shell.write(`${at}/memory/notes/about`, 'one\n');
  await shell.mkdir(`${at}/memory/notes/deep`);
  await shell.write(`${at}/memory/notes/deep/er`, 'two\n');
  await shell.mkdir(`${at}/goals/ship`);
  await shell.write(`${at}/schedule/daily`, '0 9 * * * hello\n');
  await shell.write(`${at}/work/file`, 'x');
  await shell.mkdir(`${at}/work/dir`);
  await shell.write(`${at}/work/dir/file`, 'x');
  return { ...made, id: (await shell.ls(`${at}/outbox`)).at(-1)! };
};

const letters = ['x', 'r', 'w', 'c', 'd'];

const code = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

/** What may be done with a path, in letters; and the codes of what may not. */
const probe = async (shell: Shell, path: string): Promise<{ may: string; codes: Record<string, string> }> => {
  const codes: Record<string, string> = { x: await code(shell.stat(path)) };
  const mode = codes['x'] === 'ok' ? (await shell.stat(path)).mode : 0;
  if (isDirectory(mode)) {
    codes['x'] = await code(shell.ls(path));
    codes['c'] = await code(make(shell, `${path === '/' ? '' : path}/made`));
    codes['d'] = path === '/' ? 'EBUSY' : await code(shell.rmdir(path));
  } else {
    if (!isLink(mode)) {
      codes['r'] = await code(open(shell, path, O_RDONLY | O_NONBLOCK));
      codes['w'] = await code(open(shell, path, O_WRONLY | O_NONBLOCK));
    }
    codes['d'] = await code(shell.unlink(path));
  }
  return { may: letters.filter((letter) => codes[letter] === 'ok').join('') || '-', codes };
};

const open = async (shell: Shell, path: string, flags: number): Promise<void> => {
  await (await shell.open(path, flags)).close();
};

/** A file or a directory, whichever may be made there; what is made is taken away again. */
const make = async (shell: Shell, path: string): Promise<void> => {
  const directory = await code(shell.mkdir(path));
  if (directory === 'ok') await shell.rmdir(path);
  // What may be made in schedule/ is a schedule; elsewhere it is as good as any other text.
  else await shell.write(path, 'every 1h hello\n');
};

/** What must be taken out before a directory can be removed. */
const inside: Record<string, string> = { '/memory/notes/deep': 'er', '/work/dir': 'file' };

const tiers: readonly {
  name: 'operator' | 'agent' | 'observer';
  subject: Subject;
  path: (path: string) => string;
}[] = [
  { name: 'operator', subject: operator, path: (path) => `/agents/ada${path}` },
  { name: 'agent', subject: agent('ada'), path: (path) => path || '/' },
  { name: 'observer', subject: observer, path: (path) => `/agents/ada${path}` },
];

for (const { name, subject, path: at } of tiers) {
  const paths = [
    ...(name === 'agent' ? [] : Object.entries(root).map(([path, right]) => [path, path, right[name]] as const)),
    ...Object.entries(own).map(([path, right]) => [at(path), path, right[name]] as const),
  ];
  for (const [path, key, expected] of paths) {
    test(`${name} ${path}: ${expected}`, async (t) => {
      const { attach, id } = await furnished(t);
      const shell = attach(subject);
      const real = path.replace('ID', id);
      if (expected.includes('d') && inside[key]) await shell.unlink(`${real}/${inside[key]}`);
      const { may, codes } = await probe(shell, real);
      t.is(may, [...letters, '-'].filter((letter) => expected.includes(letter)).join(''), JSON.stringify(codes));
      // Absent: nothing tells it from a name that never was.
      if (expected === '-') t.deepEqual([codes['x'], codes['r'], codes['w'], codes['d']], Array(4).fill('ENOENT'));
    });
  }
}

test('the table above has every path that a listing shows, and each is shown to whoever may walk to it', async (t) => {
  const { attach, id } = await furnished(t);
  for (const { name, subject, path: at } of tiers) {
    const expected = [
      ...(name === 'agent' ? [] : Object.entries(root)),
      ...Object.entries(own).map(([path, right]) => [at(path), right] as const),
    ]
      .filter(([, right]) => right[name].includes('x'))
      .map(([path]) => path.replace('ID', id))
      .filter((path) => path !== '/' && !path.includes('.live') && !path.includes('CACHEDIR'));
    const shown: string[] = [];
    for await (const { path } of attach(subject).walk()) shown.push(path);
    t.deepEqual(shown.toSorted(), expected.toSorted(), name);
  }
});

test('to whoever may not write, no mode bit says so; to make something where one may not is EACCES, known name or not', async (t) => {
  const { attach } = await furnished(t);
  const own = attach(agent('ada'));
  for (const path of ['/ctl', '/inbox', '/inbox/new', '/inbox/waiting', '/status']) {
    t.is((await own.stat(path)).mode & 0o222, 0, path);
  }
  t.not((await own.stat('/memory/notes/about')).mode & 0o200, 0);
  for (const name of ['ask', 'anything', 'inbox-2']) {
    t.is(await code(own.open(`/${name}`, O_WRONLY | O_CREAT)), 'EACCES', name);
    t.is(await code(own.mkdir(`/${name}`)), 'EACCES', name);
    t.is(await code(own.stat(`/${name}`)), 'ENOENT', name);
  }
  const watcher = attach(observer);
  for (const path of ['/agents/bob', '/ctl', '/anything', '/agents/ada/ctl']) {
    t.is(await code(watcher.mkdir(path)), 'EACCES', path);
    t.is(await code(watcher.open(path, O_WRONLY | O_CREAT)), 'EACCES', path);
  }
  t.is(await code(watcher.rmdir('/agents/ada')), 'EACCES');
  t.is(await code(watcher.rename('/agents/ada', '/agents/eve')), 'EACCES');
});
