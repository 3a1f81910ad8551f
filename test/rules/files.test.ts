import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { textOf, top, tracked } from './sources.ts';

const MOST = 400;

/** Files that are longer, each with its reason. One that became short again has no place here. */
const long: Readonly<Record<string, string>> = {
  'src/devices/index.ts': 'every name in the tree with what it is, in one place',
  'src/kernel/session.ts': 'one short method a verb of 9P, so that the conversation can be read as one list',
  'src/agent/agent.ts': 'the parts of one agent, and each transition it may make',
  'src/agent/agents.ts': 'all agents and the one store they share: what is durable together is written together',
  'src/agent/inbox.ts': 'the life of a message, one transition after the other',
  'src/9p/remote-fid.ts': 'a verb a message, each with what is repeated after a lost connection',
  'test/conformance/conformance.ts': 'one suite, run as a whole on every way in',
  'test/files/host.test.ts': 'one kind of file with all of POSIX behind it',
};

test(`no file is longer than ${MOST} lines without a reason`, (t) => {
  for (const path of tracked('src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'bin/*.mjs')) {
    const lines = textOf(path).split('\n').length - 1;
    if (lines > MOST && !(path in long)) t.fail(`${path} has ${lines} lines`);
  }
  for (const path of Object.keys(long)) if (!existsSync(join(top, path))) t.fail(`${path} is no more`);
  t.pass();
});

const devices = tracked('src/devices/**/*.ts').map((path) => path.slice('src/devices/'.length, -'.ts'.length));

/** What devices share: no name in the tree of its own. */
const shared = ['index', 'server', 'render', 'agent/agent-dir'];

(devices.includes('index') ? test : test.skip)('each module of devices/ has a test of its own', (t) => {
  for (const device of devices) {
    if (device === 'index' || device === 'server') continue;
    t.true(existsSync(join(top, 'test/devices', `${device}.test.ts`)), `${device} has none`);
  }
});

const pages = tracked('docs/files/**/*.md');

(pages.length > 0 ? test : test.skip)('each module of devices/ has a page that names it', (t) => {
  const text = pages.map((page) => basename(page, '.md')).concat(pages.map(textOf));
  for (const device of devices) {
    if (shared.includes(device)) continue;
    const name = basename(device);
    t.true(
      text.some((page) => page.includes(name)),
      `no page in docs/files names ${name}`,
    );
  }
});

test('each module of files/ has a test', (t) => {
  /** Parts of kinds, tested through them. */
  const parts = ['answer', 'pending', 'stamp', 'world'];
  for (const path of tracked('src/files/*.ts')) {
    const name = basename(path, '.ts');
    if (parts.includes(name)) continue;
    t.true(existsSync(join(top, 'test/files', `${name}.test.ts`)), `${name} has none`);
  }
});
